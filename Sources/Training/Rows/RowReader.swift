import Foundation

/// Reads rows of one source into a collection.
struct RowReader {
    let bytes: ArraySlice<UInt8>
    let format: RowFormat

    func read(into rows: inout RowCollection) throws(DatasetError) {
        switch format {
        case .tsv: try readTabbed(&rows)
        case .csv: try readCSV(&rows)
        case .jsonl: try readJSON(&rows)
        }
    }

    // MARK: - TSV

    private func readTabbed(_ rows: inout RowCollection) throws(DatasetError) {
        for (index, line) in SourceBytes.lines(bytes).enumerated() where !line.isEmpty {
            guard let tab = line.firstIndex(of: 0x09) else {
                try rows.refuse(line: index + 1, reason: "no tab between label and text")
                continue
            }
            guard let label = Self.text(line[..<tab]), let text = Self.text(line[(tab + 1)...]) else {
                try rows.refuse(line: index + 1, reason: "not UTF-8")
                continue
            }
            try rows.add(text: text, labels: .text(label), line: index + 1)
        }
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String? { String(validating: bytes, as: UTF8.self) }

    // MARK: - CSV

    /// Where the columns are.
    struct CSVColumns: Equatable {
        var label: Int
        var text: Int
        var count: Int
        var isNamed: Bool

        /// The columns that a first record names; else label and text, as in TSV.
        init(first fields: [[UInt8]]) {
            let names = fields.map {
                String(decoding: $0, as: UTF8.self).lowercased().trimmingCharacters(in: .whitespacesAndNewlines)
            }
            if let text = names.firstIndex(of: "text"), let label = names.firstIndex(of: "labels") ?? names.firstIndex(of: "label") {
                (self.label, self.text, count, isNamed) = (label, text, fields.count, true)
            } else {
                (label, text, count, isNamed) = (0, 1, 2, false)
            }
        }
    }

    private func readCSV(_ rows: inout RowCollection) throws(DatasetError) {
        var parser = CSVParser(bytes)
        var columns: CSVColumns?
        while let item = parser.next() {
            guard case .record(let fields, let line) = item else {
                if case .bad(let line, let reason) = item { try rows.refuse(line: line, reason: reason) }
                continue
            }
            let isFirst = columns == nil
            let known = columns ?? CSVColumns(first: fields)
            columns = known
            if isFirst, known.isNamed { continue }
            guard fields.count == known.count else {
                try rows.refuse(line: line, reason: Self.wrongCount(fields.count, known))
                continue
            }
            guard let label = Self.text(fields[known.label]), let text = Self.text(fields[known.text]) else {
                try rows.refuse(line: line, reason: "not UTF-8")
                continue
            }
            try rows.add(text: text, labels: .text(label), line: line)
        }
    }

    static func wrongCount(_ count: Int, _ columns: CSVColumns) -> String {
        columns.isNamed
            ? "has \(count) columns, the first line \(columns.count)"
            : "has \(count) columns in place of label and text; other columns need a first line that names text and label"
    }

    // MARK: - JSON lines

    private struct JSONRow: Decodable {
        var text: String
        var label: Label?
        var labels: [Label]?
    }

    /// A string, or what programs write as a number or a truth value, in its JSON form.
    private struct Label: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            // Strings first: nearly all labels are, and what does not fit is an error that costs.
            if let string = try? value.decode(String.self) {
                text = string
            } else if let integer = try? value.decode(Int64.self) {
                text = String(integer)
            } else {
                text = String(try value.decode(Bool.self))
            }
        }
    }

    private func readJSON(_ rows: inout RowCollection) throws(DatasetError) {
        let decoder = JSONDecoder()
        for (index, line) in SourceBytes.lines(bytes).enumerated() where !line.isEmpty {
            guard Self.text(line) != nil else {
                try rows.refuse(line: index + 1, reason: "not UTF-8")
                continue
            }
            do {
                let row = try decoder.decode(JSONRow.self, from: Data(line))
                let one = row.label.map { RowCollection.Labels.text($0.text) }
                let set = row.labels.map { RowCollection.Labels.set($0.map(\.text)) }
                let isMultiLabel = rows.options.isMultiLabel
                guard let labels = isMultiLabel ? set ?? one : one ?? set else {
                    try rows.refuse(line: index + 1, reason: isMultiLabel ? "\"labels\" is missing" : "\"label\" is missing")
                    continue
                }
                try rows.add(text: row.text, labels: labels, line: index + 1)
            } catch let error as DatasetError {
                throw error
            } catch {
                try rows.refuse(line: index + 1, reason: Self.reason(error))
            }
        }
    }

    /// What is wrong with a line of JSON, without its values.
    static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): return "\"\(key.stringValue)\" is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            guard let key = context.codingPath.first(where: { $0.intValue == nil }) else { return "not a JSON object" }
            let kinds = ["label": "a string or a whole number", "labels": "a list of strings or whole numbers"]
            return "\"\(key.stringValue)\" is not \(kinds[key.stringValue] ?? "a string")"
        default: return "not JSON"
        }
    }
}
