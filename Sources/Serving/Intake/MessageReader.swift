import JSON

/// Stages 2 and 3: decodes a message, routes it and extracts its text.
///
/// Routing comes before extraction, so that an unrouted message is not rejected for having no text.
public struct MessageReader: Sendable {
    /// The result of reading a message.
    public enum Reading: Sendable, Equatable {
        /// A text with at least one task.
        case text(String, tasks: [String])
        /// No route matches.
        case unrouted
        /// It cannot be read, with what ``Rejection`` says about it.
        case rejected(RejectionStage, cause: String, reason: String)
    }

    /// Finds the tasks.
    public let router: Router
    /// Finds the text.
    public let extractor: TextExtractor
    private let maximumMessageBytes: Int
    private let lookup: JSONLookup
    /// Index of the extractor's pointer among the findings.
    private let textIndex: Int?
    private let indices: [JSONPointer: Int]

    /// - Parameters:
    ///   - router: finds the tasks.
    ///   - extractor: finds the text.
    ///   - maximumMessageBytes: larger payloads are rejected unread.
    public init(router: Router, extractor: TextExtractor, maximumMessageBytes: Int = 1 << 20) {
        self.router = router
        self.extractor = extractor
        self.maximumMessageBytes = maximumMessageBytes
        var lookup = JSONLookup()
        if case .pointer(let pointer) = extractor { textIndex = lookup.add(pointer) } else { textIndex = nil }
        var indices: [JSONPointer: Int] = [:]
        for pointer in router.pointers { indices[pointer] = lookup.add(pointer) }
        self.indices = indices
        self.lookup = lookup
    }

    /// Never throws: what is wrong with a message is a ``Reading/rejected(_:cause:reason:)``.
    public func read(_ message: SourceMessage) -> Reading {
        guard let payload = message.payload else {
            return .rejected(.decode, cause: "no-payload", reason: "the record has no payload")
        }
        guard payload.count <= maximumMessageBytes else {
            return .rejected(
                .decode, cause: "too-large",
                reason: "the payload has \(payload.count) bytes, more than the \(maximumMessageBytes) allowed")
        }
        guard let whole = String(validating: payload, as: UTF8.self) else {
            return .rejected(.decode, cause: "not-utf8", reason: "the payload is not UTF-8")
        }
        var findings: [JSONLookup.Finding] = []
        if !lookup.pointers.isEmpty {
            let found = payload.withUnsafeBufferPointer { lookup.findings(in: $0) }
            if found == nil, textIndex != nil {
                return .rejected(.decode, cause: "not-json", reason: "the payload is not JSON")
            }
            findings = found ?? []
        }
        let tasks = router.tasks(for: message) { pointer in
            guard let index = indices[pointer], index < findings.count, case .scalar(let value) = findings[index] else {
                return nil
            }
            return value
        }
        guard !tasks.isEmpty else { return .unrouted }
        guard let textIndex else { return check(whole, tasks: tasks) }
        return extract(findings[textIndex], tasks: tasks)
    }

    private func extract(_ finding: JSONLookup.Finding, tasks: [String]) -> Reading {
        let pointer = textIndex.map { lookup.pointers[$0].description } ?? ""
        switch finding {
        case .scalar(.string(let text)): return check(text, tasks: tasks)
        case .missing: return .rejected(.extract, cause: "no-text", reason: "the payload has nothing at \(pointer)")
        case .scalar, .container:
            return .rejected(
                .extract, cause: "not-a-string", reason: "the value at \(pointer) is not a string")
        }
    }

    private func check(_ text: String, tasks: [String]) -> Reading {
        guard text.unicodeScalars.contains(where: { !($0.properties.isWhitespace || $0.value == 0) }) else {
            return .rejected(.extract, cause: "empty", reason: text.isEmpty ? "the text is empty" : "the text is blank")
        }
        return .text(text, tasks: tasks)
    }
}
