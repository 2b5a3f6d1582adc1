import JSON
import WordPiece

/// What somebody calls the rows of an adapter's head, in their order: PEFT's folders do not name labels.
public struct LabelNames: Sendable, Equatable {
    /// Who says so, as errors call it: `--labels`, `tasks.NAME.labels`.
    public let source: String
    /// One for each row of the head; empty: not said.
    public let labels: [String]
    /// Whether a text has a set of labels; nil: not said.
    public let isMultiLabel: Bool?

    /// - Parameter labels: as they were given; they are cleaned.
    public init(source: String, labels: [String], isMultiLabel: Bool? = nil) {
        (self.source, self.labels, self.isMultiLabel) = (source, labels.map(Self.cleaned), isMultiLabel)
    }

    /// A label without blanks around and in Unicode's NFC, as labels of rows are: one that differs meets no row.
    public static func cleaned(_ label: String) -> String { label.trimmed.nfc }

    /// The labels on which all agree; nil if none names any.
    ///
    /// Weights do not tell a wrong order: names that contradict one another are refused, whoever is right.
    ///
    /// - Parameters:
    ///   - rows: of the head.
    ///   - placeholders: what rows without names are called; whoever lists just these in their order names nothing.
    static func agreed(_ names: [LabelNames], placeholders: [String]) throws(AdapterError) -> [String]? {
        let rows = placeholders.count
        var first: LabelNames?
        for other in names where !other.labels.isEmpty {
            guard other.labels.count == rows else {
                throw .invalidLabels(
                    reason:
                        "the head has \(rows) \(rows == 1 ? "row" : "rows"), "
                        + "but \(other.source) names \(other.labels.count)"
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
                        + "\"\(other.labels[row])\" in \(other.source); labels stand in the order of the head's rows")
            }
        }
        return first?.labels
    }
}

// MARK: - transformers' config.json

extension LabelNames {
    /// What transformers' `config.json` says of a classifier: `id2label` and `problem_type`.
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
            guard labels[row] != nil else { throw invalid("a label is no string") }
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
