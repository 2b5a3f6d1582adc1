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
