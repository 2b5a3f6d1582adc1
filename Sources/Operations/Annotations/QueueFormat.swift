import JSON

/// How `lorikeet annotations queue` writes texts for annotators. `lorikeet annotations import` reads each of them back.
public enum QueueFormat: String, Sendable, CaseIterable {
    /// A table for people.
    case text
    /// One object per line; the answer goes into `label` or `labels`.
    case jsonl
    /// A table with a header; the answer goes into the column `label` or `labels`.
    case csv
    /// A list of tasks for Label Studio, with the adapter's answers as predictions.
    case labelStudio = "label-studio"
    /// One object per line for doccano.
    case doccano

    /// The lines of the document; none for `text`, which is a table.
    public func lines(_ texts: [QueuedText], task: String, isMultiLabel: Bool) -> [String] {
        switch self {
        case .text: []
        case .jsonl: texts.map { Self.object($0, task: task, isMultiLabel: isMultiLabel).text }
        case .csv: [Self.header(isMultiLabel)] + texts.map(Self.row)
        case .labelStudio: Self.array(texts.map { Self.labelStudioTask($0, task: task) })
        case .doccano: texts.map { Self.doccanoExample($0, task: task).text }
        }
    }

    // MARK: - JSON

    /// Where the text came from, and what the adapter thinks of it.
    private static func details(_ queued: QueuedText, task: String) -> [(key: String, value: JSONValue)] {
        let text = queued.text
        return [
            ("task", .string(task)),
            (
                "suggestion",
                text.labels.count == 1
                    ? .string(text.labels[0])
                    : text.labels.isEmpty ? .optional(text.best?.label) : .array(text.labels.map { .string($0) })
            ),
            ("score", .optional(text.best?.score)), ("margin", .number(text.margin)),
            ("reason", .string(queued.reason.rawValue)), ("pipeline", .string(text.pipeline)),
            ("topic", .string(text.origin.topic)), ("partition", .integer(Int(text.origin.partition))),
            ("offset", .integer(Int(text.origin.offset))),
        ]
    }

    private static func object(_ queued: QueuedText, task: String, isMultiLabel: Bool) -> JSONValue {
        .object(
            [("text", .string(queued.text.text)), (isMultiLabel ? "labels" : "label", .null)]
                + details(queued, task: task))
    }

    /// doccano shows the labels of a file as if an annotator had given them, so there are none.
    private static func doccanoExample(_ queued: QueuedText, task: String) -> JSONValue {
        .object([("text", .string(queued.text.text)), ("label", .array([]))] + details(queued, task: task))
    }

    /// Label Studio keeps `data` in every export.
    private static func labelStudioTask(_ queued: QueuedText, task: String) -> JSONValue {
        let text = queued.text
        let choices = text.labels.isEmpty ? [text.best?.label].compactMap(\.self) : text.labels
        let result = JSONValue.object([
            ("from_name", .string("label")), ("to_name", .string("text")), ("type", .string("choices")),
            ("value", .object([("choices", .array(choices.map { .string($0) }))])),
        ])
        let prediction = JSONValue.object([
            ("model_version", .string(String(text.adapterDigest.prefix(12)))), ("score", .optional(text.best?.score)),
            ("result", .array([result])),
        ])
        return .object([
            ("data", .object([("text", .string(text.text))] + details(queued, task: task))),
            ("predictions", .array([prediction])),
        ])
    }

    private static func array(_ elements: [JSONValue]) -> [String] {
        let last = elements.count - 1
        return ["["] + elements.enumerated().map { "  " + $1.text + ($0 < last ? "," : "") } + ["]"]
    }

    // MARK: - CSV

    private static func header(_ isMultiLabel: Bool) -> String {
        "\(isMultiLabel ? "labels" : "label"),text,suggestion,score,margin,reason,topic,partition,offset"
    }

    private static func row(_ queued: QueuedText) -> String {
        let text = queued.text
        let suggestion = text.labels.isEmpty ? text.best?.label ?? "" : text.labels.joined(separator: "|")
        let cells = [
            "", text.text, suggestion, text.best.map { "\($0.score)" } ?? "", "\(text.margin)", queued.reason.rawValue,
            text.origin.topic, "\(text.origin.partition)", "\(text.origin.offset)",
        ]
        return cells.map(quoted).joined(separator: ",")
    }

    /// RFC 4180: quoted where a comma, a quote or a line end is inside, or a blank at an end that programs would trim.
    private static func quoted(_ cell: String) -> String {
        let needsQuotes =
            cell.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) } || cell.hasPrefix(" ")
            || cell.hasSuffix(" ")
        return needsQuotes ? "\"" + cell.replacing("\"", with: "\"\"") + "\"" : cell
    }
}
