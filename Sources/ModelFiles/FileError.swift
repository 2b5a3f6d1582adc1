/// Why a file could not be read into memory.
public enum FileError: Error, Equatable, Sendable {
    /// There is no such file.
    case missing
    /// A folder, a pipe, a device.
    case notAFile
    /// More bytes than such a file may have, or than the machine has memory.
    case tooLarge(bytes: Int, largest: Int)
    /// The system's own words.
    case system(reason: String)
}

extension FileError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing: "no such file"
        case .notAFile: "not a file"
        case .tooLarge(let bytes, let largest): "\(bytes) bytes are more than the \(largest) that are read"
        case .system(let reason): reason
        }
    }
}
