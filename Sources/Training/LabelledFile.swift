import Foundation

/// Rows in a file: `.jsonl` (`{"text":…,"label":…}` a line), anything else `label<TAB>text` a line; `-` is standard input.
///
/// A byte-order mark and carriage returns at line ends are dropped. Empty lines are no rows.
public struct LabelledFile {
    /// All rows of the file, in order.
    /// - Parameter minimumLabels: so many labels must occur; 2 for rows to train on.
    /// - Throws: the first line that is not a row, with its number.
    public static func read(path: String, minimumLabels: Int = 1) throws(DatasetError) -> [LabelledText] {
        let lines = try LineReader(path: path)
        let isJSON = Self.isJSON(path)
        var rows: [LabelledText] = []
        for (index, line) in lines.lines.enumerated() where !line.isEmpty {
            do throws(BadLine) {
                rows.append(isJSON ? try jsonRow(line) : try tabbedRow(line))
            } catch {
                throw .badLine(file: lines.name, line: index + 1, reason: error.reason)
            }
        }
        guard let first = rows.first else { throw .noRows(file: lines.name) }
        if minimumLabels > 1, rows.allSatisfy({ $0.label == first.label }) {
            throw .oneLabel(file: lines.name, label: first.label)
        }
        return rows
    }

    /// The texts alone, one a line: of `.tsv` what follows the first tab, of `.jsonl` the member `text`, of any other file and
    /// of standard input the whole line, be it empty. Only empty lines at the end are no texts.
    public static func readTexts(path: String) throws(DatasetError) -> [String] {
        let lines = try LineReader(path: path)
        let isJSON = Self.isJSON(path)
        let isTabbed = path.lowercased().hasSuffix(".tsv")
        var texts: [String] = []
        for (index, line) in lines.lines.enumerated() {
            do throws(BadLine) {
                if isJSON {
                    if !line.isEmpty { texts.append(try jsonText(line)) }
                } else {
                    let tab = isTabbed ? line.firstIndex(of: 0x09) : nil
                    texts.append(try text(tab.map { line[($0 + 1)...] } ?? line))
                }
            } catch {
                throw .badLine(file: lines.name, line: index + 1, reason: error.reason)
            }
        }
        return texts
    }

    // MARK: - Lines

    private struct BadLine: Error {
        var reason: String
    }

    private static func isJSON(_ path: String) -> Bool {
        let name = path.lowercased()
        return name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson")
    }

    private static func tabbedRow(_ line: ArraySlice<UInt8>) throws(BadLine) -> LabelledText {
        guard let tab = line.firstIndex(of: 0x09) else { throw BadLine(reason: "no tab between label and text") }
        return LabelledText(text: try text(line[(tab + 1)...]), label: try label(try text(line[..<tab])))
    }

    private static func text(_ bytes: ArraySlice<UInt8>) throws(BadLine) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw BadLine(reason: "not UTF-8") }
        return text
    }

    private static func label(_ label: String) throws(BadLine) -> String {
        guard label.contains(where: { !$0.isWhitespace }) else { throw BadLine(reason: "the label is empty") }
        return label
    }

    private struct JSONRow: Decodable {
        var text: String
        var label: String?
    }

    private static func jsonRow(_ line: ArraySlice<UInt8>) throws(BadLine) -> LabelledText {
        let row = try decode(line)
        guard let given = row.label else { throw BadLine(reason: "\"label\" is missing") }
        return LabelledText(text: row.text, label: try label(given))
    }

    private static func jsonText(_ line: ArraySlice<UInt8>) throws(BadLine) -> String { try decode(line).text }

    private static func decode(_ line: ArraySlice<UInt8>) throws(BadLine) -> JSONRow {
        guard String(validating: line, as: UTF8.self) != nil else { throw BadLine(reason: "not UTF-8") }
        do {
            return try JSONDecoder().decode(JSONRow.self, from: Data(line))
        } catch DecodingError.keyNotFound(let key, _) {
            throw BadLine(reason: "\"\(key.stringValue)\" is missing")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            guard let key = context.codingPath.last else { throw BadLine(reason: "not a JSON object") }
            throw BadLine(reason: "\"\(key.stringValue)\" is not a string")
        } catch {
            throw BadLine(reason: "not JSON")
        }
    }
}
