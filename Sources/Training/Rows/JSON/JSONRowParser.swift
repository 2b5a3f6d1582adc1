import JSON

/// Extracts text and labels from the objects of one source: plain rows, doccano's export, and Label Studio's tasks
/// (`LabelStudioTask`).
struct JSONRowParser {
    private let options: RowOptions
    private let finder: ColumnFinder
    /// The names that were found in an earlier object, which are tried first.
    private var textName = "text"
    private var labelName: String?
    /// Label Studio's control whose choices are the labels.
    private var control: String?

    init(_ options: RowOptions) {
        self.options = options
        finder = ColumnFinder(options: options)
    }

    /// The text, and one entry of labels per annotation.
    mutating func row(_ value: JSONValue) throws(RowRefusal) -> (text: String, labels: [RowCollection.Labels]) {
        guard case .object(let members) = value else { throw RowRefusal(reason: "not a JSON object") }
        if let task = LabelStudioTask(value) {
            let text = try text(of: task.data)
            guard options.readsLabels else { return (text, [.set([])]) }
            return (text, try task.labels(of: options.labelColumn, control: &control))
        }
        let text = try text(of: members)
        guard options.readsLabels else { return (text, [.set([])]) }
        let (name, label) = try label(of: members)
        return (text, [try JSONLabels.labels(label, name: name)])
    }

    // MARK: - Text

    private typealias Members = [(key: String, value: JSONValue)]

    /// The text among the members of an object.
    mutating func text(of members: [(key: String, value: JSONValue)]) throws(RowRefusal) -> String {
        if options.textColumn != nil || !members.contains(where: { $0.key == textName }) {
            let names = members.map(\.key)
            guard let place = try finder.text(in: names), !place.isNumber else {
                throw missingText(members)
            }
            textName = names[place.index]
        }
        guard let value = try Self.value(of: textName, in: members) else {
            throw RowRefusal(reason: "\"\(textName)\" is missing")
        }
        switch value {
        case .string(let text): return text
        case .null: throw RowRefusal(reason: "\"\(textName)\" is null")
        default: throw RowRefusal(reason: "\"\(textName)\" is not a string")
        }
    }

    private func missingText(_ members: Members) -> RowRefusal {
        let name = options.textColumn ?? "text"
        for case (let key, .array(let elements)) in members {
            guard case .object? = elements.first else { continue }
            return RowRefusal(reason: "\"\(name)\" is missing; the rows in \"\(key)\" must be the top-level array")
        }
        return RowRefusal(reason: "\"\(name)\" is missing", remedy: .textColumn(among: members.map(\.key)))
    }

    // MARK: - Labels

    private mutating func label(of members: Members) throws(RowRefusal) -> (name: String, value: JSONValue) {
        var null: String?
        if options.labelColumn == nil {
            // One of `label` and `labels` may be null.
            for name in ColumnNames.labels(isMultiLabel: options.isMultiLabel).prefix(2).joined() {
                guard let value = try Self.value(of: name, in: members) else { continue }
                if !value.isNull { return (name, value) }
                null = null ?? name
            }
        }
        if let null { throw RowRefusal(reason: "\"\(null)\" is null") }
        if let labelName, let value = try Self.value(of: labelName, in: members) { return (labelName, value) }
        let names = members.map(\.key)
        guard let place = try finder.label(in: names), !place.isNumber else { throw missing(names) }
        labelName = names[place.index]
        return (names[place.index], members[place.index].value)
    }

    private func missing(_ names: [String]) -> RowRefusal {
        if names.contains("entities") { return JSONLabels.spans }
        let name = options.labelColumn ?? (options.isMultiLabel ? "labels" : "label")
        return RowRefusal(reason: "\"\(name)\" is missing", remedy: .labelColumn(among: names))
    }

    private static func value(of name: String, in members: Members) throws(RowRefusal) -> JSONValue? {
        var found: JSONValue?
        for member in members where member.key == name {
            guard found == nil else { throw RowRefusal(reason: "\"\(name)\" occurs twice") }
            found = member.value
        }
        return found
    }
}
