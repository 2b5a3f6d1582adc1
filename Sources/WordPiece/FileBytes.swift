import Files
import JSON

/// A tokenizer's file in memory.
struct FileBytes {
    var path: String
    var bytes: [UInt8]

    /// Tokenizer files have some hundred kilobytes. Larger files than this are refused.
    private static let largest = 64 << 20

    /// Reads a file; nil if there is none.
    static func read(_ path: String) throws(WordPieceError) -> FileBytes? {
        do throws(FileError) {
            return FileBytes(path: path, bytes: try FileContents.array(path: path, atMost: largest))
        } catch .missing {
            return nil
        } catch {
            throw .unreadable(file: path, reason: "\(error)")
        }
    }
}

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
