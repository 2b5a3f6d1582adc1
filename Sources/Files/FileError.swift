import Glibc

/// Why a file or folder could not be read or written.
public enum FileError: Error, Equatable, Sendable {
    /// The file does not exist.
    case missing
    /// It is a folder, a pipe or a device.
    case notAFile
    /// A file is where the folder should be written.
    case notAFolder
    /// The folder is neither empty nor one that this program wrote.
    case foreignFolder
    /// The file has more bytes than such a file may have, or than the machine has memory.
    case tooLarge(bytes: Int, largest: Int)
    /// Any other failure, with the system's message.
    case system(reason: String)

    /// The error that `errno` holds now.
    static var current: FileError { .system(errno) }

    static func system(_ code: Int32) -> FileError { .system(reason: String(cString: strerror(code))) }
}

extension FileError: CustomStringConvertible {
    /// What is wrong, without the path.
    public var description: String {
        switch self {
        case .missing: "no such file"
        case .notAFile: "not a file"
        case .notAFolder: "is a file"
        case .foreignFolder: "is not empty and was not written by this program"
        case .tooLarge(let bytes, let largest): "\(bytes) bytes are more than the limit of \(largest)"
        case .system(let reason): reason
        }
    }
}
