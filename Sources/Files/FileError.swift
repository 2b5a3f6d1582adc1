import Glibc

/// Why a file or folder could not be read or written.
public enum FileError: Error, Equatable, Sendable {
    /// There is no such file.
    case missing
    /// A folder, a pipe, a device.
    case notAFile
    /// Something that is no folder stands where one is to be written.
    case notAFolder
    /// The folder is not empty and does not hold the file by which the program knows its own.
    case foreignFolder
    /// More bytes than such a file may have, or than the machine has memory.
    case tooLarge(bytes: Int, largest: Int)
    /// The system's own words.
    case system(reason: String)

    /// The reason that `errno` gives now.
    static var current: FileError { .system(reason: String(cString: strerror(errno))) }
}

extension FileError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing: "no such file"
        case .notAFile: "not a file"
        case .notAFolder: "is a file"
        case .foreignFolder: "exists, is not empty and was not written by this program"
        case .tooLarge(let bytes, let largest): "\(bytes) bytes are more than the \(largest) that are read"
        case .system(let reason): reason
        }
    }
}
