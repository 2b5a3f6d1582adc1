import HTTPClient

/// Which texts of a daemon to look at as they pass.
public struct TapRequest: Sendable, Equatable {
    /// Tells this reader from others: the daemon keeps texts for it between two questions.
    public var reader: String
    /// The name of the pipeline.
    public var pipeline: String
    /// Only the labels of this task; nil: those of all.
    public var task: String?
    /// Only texts that got this label; nil: all texts.
    public var label: String?
    /// Texts per second.
    public var rate: Int

    /// The greatest ``rate``.
    public static let maximumRate = 1_000
    /// The greatest number of texts in one answer.
    public static let maximumTexts = 1_000

    /// For a reader of its own.
    public init(pipeline: String, task: String? = nil, label: String? = nil, rate: Int) {
        reader = String(UInt64.random(in: .min ... .max), radix: 16)
        (self.pipeline, self.task, self.label, self.rate) = (pipeline, task, label, rate)
    }

    func path(limit: Int) -> String {
        var arguments = [
            ("reader", reader), ("pipeline", pipeline), ("rate", String(rate)), ("limit", String(limit)),
        ]
        if let task { arguments.append(("task", task)) }
        if let label { arguments.append(("label", label)) }
        return "/tap?" + arguments.map { "\($0.0)=\(HTTPFetch.escaped($0.1))" }.joined(separator: "&")
    }
}
