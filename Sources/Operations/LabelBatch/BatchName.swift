/// The name of a batch of `lorikeet label`, which stands for the topic in the origin of its rows.
public struct BatchName: Sendable, Equatable {
    /// As the user gave it.
    public let text: String

    /// No topic of Kafka may have a colon, so that no record has the origin of a row.
    private static let prefix = "label:"
    private static let maximumLength = 200

    /// - Throws: status 64 if the name has other characters than letters, digits, dots, `_` and `-`.
    public init(_ text: String) throws(CommandFailure) {
        let isUsable = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isUsable, !text.isEmpty, text.utf8.count <= Self.maximumLength else {
            throw CommandFailure(
                .usage,
                "\(text) cannot be the name of a batch: give --name with letters, digits, dots, _ and -, "
                    + "at most \(Self.maximumLength)")
        }
        self.text = text
    }

    /// The topic in the origin of the batch's rows: `label:nightly`.
    public var topic: String { Self.prefix + text }

    /// Whether a topic stands for a batch.
    static func isTopic(_ topic: String) -> Bool { topic.hasPrefix(prefix) }
}
