import Files
import JSON

/// A tokenizer's file that holds one JSON object.
struct JSONFile {
    let path: String
    let root: JSONValue

    init(_ file: FileBytes) throws(WordPieceError) {
        path = file.path
        root = try TokenizerFile.parse(file)
        if let key = root.repeatedKey { throw .malformed(file: path, reason: "\(key) occurs twice") }
    }

    /// Reads the folder's file of this name; nil if there is none.
    static func read(_ directory: String, _ name: String) throws(WordPieceError) -> JSONFile? {
        guard let file = try FileBytes.read("\(directory)/\(name)") else { return nil }
        return try JSONFile(file)
    }
}
