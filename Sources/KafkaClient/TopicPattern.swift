import Glibc

/// A pattern of topics: an extended regular expression of POSIX that begins with `^`, as librdkafka compiles it.
public struct TopicPattern: ~Copyable {
    private var expression = regex_t()

    /// Whether an entry of a subscription is a pattern and no name.
    public static func isPattern(_ topic: String) -> Bool { topic.utf8.first == UInt8(ascii: "^") }

    /// nil if it is not a regular expression.
    public init?(_ pattern: String) {
        guard regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) == 0 else { return nil }
    }

    deinit {
        var expression = expression
        regfree(&expression)
    }

    /// Whether a topic of this name is read.
    public func matches(_ topic: String) -> Bool {
        withUnsafePointer(to: expression) { regexec($0, topic, 0, nil, 0) == 0 }
    }
}
