import JSON
import WordPiece

/// Names for the rows of an adapter's head from one source. PEFT's folders do not name labels.
public struct LabelNames: Sendable, Equatable {
    /// The source as errors name it, such as `--labels` or `tasks.NAME.labels`.
    public let source: String
    /// One label per row of the head; empty if the source names none.
    public let labels: [String]
    /// Whether a text has a set of labels; nil if the source does not say.
    public let isMultiLabel: Bool?

    /// Names from this source. The labels are cleaned.
    public init(source: String, labels: [String], isMultiLabel: Bool? = nil) {
        (self.source, self.labels, self.isMultiLabel) = (source, labels.map(Self.cleaned), isMultiLabel)
    }

    /// A label without white space at both ends, in NFC. Labels of rows are cleaned likewise, so that equal ones meet.
    public static func cleaned(_ label: String) -> String { label.trimmed.nfc }

    /// The labels on which all sources agree; nil if none names any.
    ///
    /// Sources that contradict one another are refused, because the weights do not show which order is right.
    ///
    /// - Parameter placeholders: the names of rows without a name. A source that lists just these names nothing.
    static func agreed(_ names: [LabelNames], placeholders: [String]) throws(AdapterError) -> [String]? {
        let rows = placeholders.count
        var first: LabelNames?
        for other in names where !other.labels.isEmpty {
            guard other.labels.count == rows else {
                throw .invalidLabels(
                    reason:
                        "the head has \(rows) \(rows == 1 ? "row" : "rows"), but \(other.source) has "
                        + "\(other.labels.count) \(other.labels.count == 1 ? "label" : "labels")"
                )
            }
            if other.labels == placeholders { continue }
            guard let known = first else {
                first = other
                continue
            }
            if let row = (0..<rows).first(where: { known.labels[$0] != other.labels[$0] }) {
                throw .invalidLabels(
                    reason: "row \(row) of the head is \"\(known.labels[row])\" in \(known.source), but "
                        + "\"\(other.labels[row])\" in \(other.source); list the labels in the order of the head's rows"
                )
            }
        }
        return first?.labels
    }
}

// MARK: - transformers' config.json

extension LabelNames {
    /// The `id2label` and `problem_type` of transformers' `config.json`.
    init(transformers json: [UInt8]) throws(AdapterError) {
        let values = try AdapterError.parse(json, file: "config.json")
        self.init(
            source: "id2label of config.json", labels: try Self.labels(values["id2label"]),
            isMultiLabel: try Self.isMultiLabel(values["problem_type"]))
    }

    private static func labels(_ value: JSONValue?) throws(AdapterError) -> [String] {
        func invalid(_ reason: String) -> AdapterError {
            .invalidConfiguration(key: "id2label", reason: "config.json: \(reason)")
        }
        guard let value, !value.isNull else { return [] }
        guard case .object(let members) = value else { throw invalid("must map the head's rows to labels") }
        var labels = [String?](repeating: nil, count: members.count)
        for (key, value) in members {
            guard let row = Int(key), labels.indices.contains(row), labels[row] == nil else {
                throw invalid("must have a key for each row of the head, from \"0\" on")
            }
            switch value {
            case .string(let text): labels[row] = text
            case .number(let number): labels[row] = Int(exactly: number).map(String.init)
            default: break
            }
            guard labels[row] != nil else { throw invalid("a label is not a string") }
        }
        return labels.compactMap(\.self)
    }

    private static func isMultiLabel(_ value: JSONValue?) throws(AdapterError) -> Bool? {
        switch value?.string {
        case "multi_label_classification": true
        case "single_label_classification": false
        case "regression":
            throw .unsupported(feature: "problem_type \"regression\" in config.json", reason: "only labels are served")
        default: nil
        }
    }
}
