// The files of a model, read so that none of them can harm the program: whole, into memory of its own, and parsed strictly.
//
//   FileContents   a regular file's bytes; what happens to the file afterwards changes nothing
//   JSONScanner    the words of a JSON document, one by one, for formats that are read without a tree
//   JSONParser     the tree (JSONValue), with limits on depth and size
