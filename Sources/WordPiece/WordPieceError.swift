/// Why a tokenizer could not be read from a directory. Every case names the file.
public enum WordPieceError: Error, Equatable {
    /// The directory has neither `tokenizer.json` nor `vocab.txt`.
    case missing(directory: String)
    /// The file exists, but cannot be read.
    case unreadable(file: String, reason: String)
    /// The content is invalid: not UTF-8, not JSON, a duplicate token, no unknown token…
    case malformed(file: String, reason: String)
    /// The file requires something that is not implemented; `feature` names the key and its value.
    case unsupported(file: String, feature: String)
}

extension WordPieceError: CustomStringConvertible {
    /// The file and what is wrong with it.
    public var description: String {
        switch self {
        case .missing(let directory): "\(directory): has neither tokenizer.json nor vocab.txt"
        case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
        case .malformed(let file, let reason): "\(file): \(reason)"
        case .unsupported(let file, let feature): "\(file): \(feature) is not supported"
        }
    }
}
