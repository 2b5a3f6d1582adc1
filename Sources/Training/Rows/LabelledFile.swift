import Foundation

/// Rows in files: `.tsv`, `.csv` and `.jsonl` (`RowFormat`); `-` is standard input.
///
/// A byte-order mark and carriage returns at line ends are dropped. Empty lines are no rows.
public struct LabelledFile {
    /// All rows of the files, in order.
    public static func collect(paths: [String], options: RowOptions = RowOptions()) throws(DatasetError) -> RowCollection {
        var rows = RowCollection(options)
        for path in paths { try read(path: path, into: &rows) }
        return rows
    }

    private static func read(path: String, into rows: inout RowCollection) throws(DatasetError) {
        let source = try SourceBytes(path: path)
        rows.begin(source: source.name)
        try RowReader(bytes: source.bytes, format: RowFormat(path: path) ?? rows.options.format).read(into: &rows)
    }

    /// All rows of a file, each with one label, in order and as they are.
    /// - Parameter minimumLabels: so many labels must occur; 2 for rows to train on.
    /// - Throws: the first line that is not a row, with its number.
    public static func read(path: String, minimumLabels: Int = 1) throws(DatasetError) -> [LabelledText] {
        let collection = try collect(paths: [path])
        guard let first = collection.rows.first else { throw .noRows(file: collection.name) }
        if minimumLabels > 1, collection.rows.allSatisfy({ $0.label == first.label }) {
            throw .oneLabel(file: collection.name, label: first.label)
        }
        return collection.rows
    }

    // MARK: - Texts alone

    /// The texts alone, one a line: of `.tsv` what follows the first tab, of `.csv` the column of texts, of `.jsonl` the member
    /// `text`, of any other file and of standard input the whole line, be it empty. Only empty lines at the end are no texts.
    public static func readTexts(path: String) throws(DatasetError) -> [String] {
        let source = try SourceBytes(path: path)
        switch path == "-" ? nil : RowFormat(path: path) {
        case .csv: return try csvTexts(source)
        case .jsonl:
            return try texts(source.lines.enumerated().filter { !$0.element.isEmpty }, of: source) { line throws(BadLine) in
                try jsonText(line)
            }
        case .tsv:
            return try texts(Array(source.lines.enumerated()), of: source) { line throws(BadLine) in
                try text(line.firstIndex(of: 0x09).map { line[($0 + 1)...] } ?? line)
            }
        case nil:
            return try texts(Array(source.lines.enumerated()), of: source) { line throws(BadLine) in try text(line) }
        }
    }

    private struct BadLine: Error {
        var reason: String
    }

    private static func texts(
        _ lines: [EnumeratedSequence<[ArraySlice<UInt8>]>.Element], of source: SourceBytes,
        _ text: (ArraySlice<UInt8>) throws(BadLine) -> String
    ) throws(DatasetError) -> [String] {
        var texts: [String] = []
        for (index, line) in lines {
            do throws(BadLine) {
                texts.append(try text(line))
            } catch {
                throw .badLine(file: source.name, line: index + 1, reason: error.reason)
            }
        }
        return texts
    }

    private static func text(_ bytes: some Collection<UInt8>) throws(BadLine) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw BadLine(reason: "not UTF-8") }
        return text
    }

    private struct JSONText: Decodable {
        var text: String
    }

    private static func jsonText(_ line: ArraySlice<UInt8>) throws(BadLine) -> String {
        _ = try text(line)
        do {
            return try JSONDecoder().decode(JSONText.self, from: Data(line)).text
        } catch {
            throw BadLine(reason: RowReader.reason(error))
        }
    }

    /// The column `text` where the first record names one, else the last of one or two columns.
    private static func csvTexts(_ source: SourceBytes) throws(DatasetError) -> [String] {
        var parser = CSVParser(source.bytes)
        var texts: [String] = []
        var column: Int?
        while let item = parser.next() {
            switch item {
            case .bad(let line, let reason): throw .badLine(file: source.name, line: line, reason: reason)
            case .record(let fields, let line):
                if column == nil {
                    let name = fields.firstIndex { String(decoding: $0, as: UTF8.self).lowercased() == "text" }
                    column = name ?? min(fields.count, 2) - 1
                    if name != nil { continue }
                }
                guard let column, fields.indices.contains(column), let text = String(validating: fields[column], as: UTF8.self) else {
                    throw .badLine(file: source.name, line: line, reason: "has no text in UTF-8 in its column")
                }
                texts.append(text)
            }
        }
        return texts
    }
}
