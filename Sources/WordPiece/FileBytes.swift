import Files

/// A file that was read whole.
struct FileBytes {
    var path: String
    var bytes: [UInt8]

    /// Tokenizer files are some hundred kilobytes; what is larger than this is none.
    private static let largest = 64 << 20

    /// The file's bytes; nil if there is no such file.
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
