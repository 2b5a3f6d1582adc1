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
    private let markup: TextMarkup?
    private let maximumMessageBytes: Int
    /// Index of the key's pointer among the findings; nil: a message keeps its own key.
    private let keyIndex: Int?
    private let lookup: JSONLookup
    /// Indices of the extractor's pointers among the findings. Without pointers, that of the whole document.
    private let textIndices: [Int]
    private let indices: [JSONPointer: Int]

    /// - Parameters:
    ///   - router: finds the tasks.
    ///   - extractor: finds the text.
    ///   - key: where the key of a message is; nil: it keeps its own.
    ///   - markup: is taken out of the text.
    ///   - maximumMessageBytes: larger payloads are rejected unread.
    public init(
        router: Router, extractor: TextExtractor, key: JSONPointer? = nil, markup: TextMarkup? = nil,
        maximumMessageBytes: Int = 1 << 20
    ) {
        self.router = router
        self.extractor = extractor
        self.markup = markup
        self.maximumMessageBytes = maximumMessageBytes
        var lookup = JSONLookup()
        switch extractor {
        case .pointers(let pointers): textIndices = pointers.map { lookup.add($0, joinsArrays: true) }
        case .wholeMessage: textIndices = [lookup.add(.document, joinsArrays: true)]
        }
        var indices: [JSONPointer: Int] = [:]
        for pointer in router.pointers { indices[pointer] = lookup.add(pointer) }
        keyIndex = key.map { lookup.add($0, keepsDigits: true) }
        self.indices = indices
        self.lookup = lookup
    }

    /// Reads a message whose key is of no interest.
    ///
    /// - Parameter decoder: knows the schema of the message.
    public func read(_ message: SourceMessage, decoder: some PayloadDecoder = PlainDecoder()) -> Reading {
        var message = message
        return open(&message, decoder: decoder)
    }

    /// Never throws: what is wrong with a message is a ``Reading/rejected(_:cause:reason:)``.
    ///
    /// - Parameters:
    ///   - message: gets the key that its payload has. It keeps its own if it cannot be decoded.
    ///   - decoder: knows the schema of the message.
    func open(_ message: inout SourceMessage, decoder: some PayloadDecoder) -> Reading {
        guard let payload = message.payload else {
            return .rejected(.decode, cause: "no-payload", reason: "the record has no payload")
        }
        guard payload.count <= maximumMessageBytes else {
            return .rejected(
                .decode, cause: "too-large",
                reason: "the payload has \(payload.count) bytes, more than the \(maximumMessageBytes) allowed")
        }
        switch decoder.decode(message) {
        case .rejected(let cause, let reason): return .rejected(.decode, cause: cause, reason: reason)
        case .value(let value): return route(&message, lookup.findings(in: value), whole: nil)
        case .json(let start): return read(&message, payload[min(start, payload.count)...], isDocument: true)
        case .plain: return read(&message, payload[...], isDocument: extractor != .wholeMessage)
        }
    }

    /// - Parameter isDocument: whether the text is found in JSON; else the payload is the text, whatever it is.
    private func read(_ message: inout SourceMessage, _ payload: ArraySlice<UInt8>, isDocument: Bool) -> Reading {
        guard let whole = String(validating: payload, as: UTF8.self) else {
            return .rejected(.decode, cause: "not-utf8", reason: "the payload is not UTF-8")
        }
        guard isDocument || !indices.isEmpty || keyIndex != nil else { return route(&message, [], whole: whole) }
        let found = payload.withUnsafeBufferPointer { lookup.findings(in: $0) }
        if found == nil, isDocument {
            return .rejected(.decode, cause: "not-json", reason: "the payload is not JSON")
        }
        return route(&message, found ?? [], whole: isDocument ? nil : whole)
    }

    /// - Parameter whole: the text; nil if it is among the findings.
    private func route(_ message: inout SourceMessage, _ findings: [JSONLookup.Finding], whole: String?) -> Reading {
        // Routes may look at the key.
        let key = keyIndex.map { Self.key(findings.isEmpty ? .missing : findings[$0]) }
        if let key { message.key = key.text.map { Array($0.utf8) } }
        let tasks = router.tasks(for: message) { pointer in
            guard let index = indices[pointer], index < findings.count else { return nil }
            switch findings[index] {
            case .scalar(let value): return value
            case .number(let value, _): return .number(value)
            case .missing, .strings, .container: return nil
            }
        }
        guard !tasks.isEmpty else { return .unrouted }
        if let keyIndex, key?.isScalar == false {
            return .rejected(
                .extract, cause: "not-a-key", reason: "the key\(place(of: [keyIndex], " at ")) is an object or an array"
            )
        }
        return whole.map { check([$0], tasks: tasks) } ?? extract(findings, tasks: tasks)
    }

    /// The key that a finding is; without a text if there is none.
    private static func key(_ finding: JSONLookup.Finding) -> (text: String?, isScalar: Bool) {
        switch finding {
        case .missing, .scalar(.null): (nil, true)
        case .scalar(.string(let text)), .number(_, let text): (text, true)
        case .scalar(.boolean(let value)): (value ? "true" : "false", true)
        case .scalar(.number(let value)): (JSONValue.number(value).text, true)
        case .strings, .container: (nil, false)
        }
    }

    /// Joins what the pointers point to. Where there are several, some may point to nothing or null.
    private func extract(_ findings: [JSONLookup.Finding], tasks: [String]) -> Reading {
        var parts: [String] = []
        var isMissing = true
        for index in textIndices {
            switch findings[index] {
            case .scalar(.string(let text)): parts.append(text)
            case .strings(let texts): parts += texts
            case .missing: continue
            case .scalar(.null) where textIndices.count > 1: continue
            case .scalar, .number, .container:
                return .rejected(
                    .extract, cause: "not-a-string",
                    reason: "the value\(place(of: [index], " at ")) is not a string")
            }
            isMissing = false
        }
        guard !isMissing else {
            return .rejected(
                .extract, cause: "no-text", reason: "the payload has nothing at \(place(of: textIndices, ""))")
        }
        return check(parts, tasks: tasks)
    }

    private func place(of indices: [Int], _ preposition: String) -> String {
        let pointers = indices.map { lookup.pointers[$0].description }.joined(separator: " and ")
        return pointers.isEmpty ? "" : preposition + pointers
    }

    private func check(_ parts: [String], tasks: [String]) -> Reading {
        let text = (markup == .html ? parts.map(HTMLText.stripped) : parts).filter { !$0.isEmpty }
            .joined(separator: "\n")
        guard text.unicodeScalars.contains(where: { !($0.properties.isWhitespace || $0.value == 0) }) else {
            return .rejected(.extract, cause: "empty", reason: text.isEmpty ? "the text is empty" : "the text is blank")
        }
        return .text(text, tasks: tasks)
    }
}
