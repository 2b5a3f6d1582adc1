/// Reads the rows of a table: CSV and TSV.
struct TableReader {
    let bytes: ArraySlice<UInt8>
    let header: TableHeader

    private static let tab = UInt8(ascii: "\t")
    private static let quote = UInt8(ascii: "\"")

    init(bytes: ArraySlice<UInt8>, isTabbed: Bool, options: RowOptions) {
        self.bytes = bytes
        header = TableHeader(finder: ColumnFinder(options: options), isTabbed: isTabbed)
    }

    private var options: RowOptions { header.finder.options }

    func read(into rows: inout RowCollection) throws(DatasetError) {
        if header.isTabbed { try readTabbed(&rows) } else { try readQuoted(&rows, separator: separator()) }
    }

    /// The columns by the first record; records in the collection how they were found.
    private func columns(
        _ cells: [String], line: Int, _ rows: inout RowCollection
    ) throws(DatasetError) -> TableColumns {
        let found: TableColumns?
        do throws(RowRefusal) {
            found = try header.columns(cells)
        } catch {
            throw .doubtful(
                file: rows.sources.last ?? "rows", line: line, reason: error.reason,
                remedy: error.remedy ?? header.finder.remedy(cells))
        }
        let columns = found ?? (cells.count == 1 && !options.readsLabels ? .textAlone : .labelAndText)
        rows.noteTable(isNamed: columns.isHeader, maybeHeading: found == nil)
        return columns
    }

    private func add(
        _ label: ArraySlice<UInt8>?, _ text: ArraySlice<UInt8>, line: Int, _ rows: inout RowCollection
    ) throws(DatasetError) {
        let texts = [label ?? [], text].map { String(validating: $0, as: UTF8.self) }
        guard let label = texts[0], let text = texts[1] else { return try rows.refuse(line: line, reason: "not UTF-8") }
        try rows.add(text: text, labels: .text(label), line: line)
    }

    /// Why a record holds column names and is not a row, as after files were joined, even with columns in another
    /// order; nil if it is a row. A text without a label may be any word.
    private func heading(_ fields: [some Collection<UInt8>], _ columns: TableColumns) -> String? {
        let longest = columns.names.lazy.map(\.utf8.count).max() ?? 0
        // Most texts are too long to be a name.
        guard fields.count > 1, fields[columns.text].count <= max(32, 2 * longest) else { return nil }
        func key(_ index: Int) -> String { ColumnNames.key(String(decoding: fields[index], as: UTF8.self)) }
        let text = key(columns.text)
        if columns.names.contains(text), fields.indices.map(key).sorted() == columns.names.sorted() {
            return "repeats the header"
        }
        guard let label = columns.label, ColumnNames.areKnown(label: key(label), text: text) else { return nil }
        return columns.isHeader ? "repeats the header" : "is a header within the rows"
    }

    // MARK: - CSV

    private func readQuoted(_ rows: inout RowCollection, separator: UInt8) throws(DatasetError) {
        var parser = CSVParser(bytes, separator: separator)
        var known: TableColumns?
        var end = parser.line
        while let item = parser.next() {
            let begin = end
            end = parser.line
            guard case .record(let fields, let line) = item else {
                if case .bad(let line, let reason) = item { try rows.refuse(line: line, reason: reason) }
                continue
            }
            let columns: TableColumns
            if let known {
                columns = known
            } else {
                columns = try self.columns(fields.map { String(decoding: $0, as: UTF8.self) }, line: line, &rows)
                known = columns
                if columns.isHeader { continue }
            }
            if columns.count == 1, !options.readsLabels {
                // As in TSV, an empty line is an empty text.
                for empty in begin..<line { try rows.add(text: "", labels: .text(""), line: empty) }
            }
            try add(fields, columns, line: line, &rows)
        }
    }

    private func add(
        _ fields: [[UInt8]], _ columns: TableColumns, line: Int, _ rows: inout RowCollection
    ) throws(DatasetError) {
        guard fields.count == columns.count else {
            return try rows.refuse(line: line, reason: wrongCount(fields.count, columns))
        }
        if let reason = heading(fields, columns) { return try rows.refuse(line: line, reason: reason) }
        try add(columns.label.map { fields[$0][...] }, fields[columns.text][...], line: line, &rows)
    }

    private func wrongCount(_ count: Int, _ columns: TableColumns) -> String {
        if columns == .labelAndText, options.readsLabels {
            return "has \(count) columns instead of label and text; "
                + "other columns require a first line that names text and label"
        }
        return "has \(count) columns, but the first line has \(columns.count)"
    }

    /// The separator with which the first record names columns: a comma, or what spreadsheets write where a comma is
    /// the decimal point.
    private func separator() -> UInt8 {
        let comma = UInt8(ascii: ",")
        let others = [UInt8(ascii: ";"), Self.tab]
        for separator in [comma] + others {
            if let columns = try? header.columns(cells(separator)), columns.isHeader { return separator }
        }
        guard cells(comma).count == 1 else { return comma }
        return others.first { separator in
            let cells = cells(separator)
            guard cells.count > 1 else { return false }
            return options.readsLabels
                || cells.allSatisfy(ColumnNames.looksLikeName) && cells.contains(where: ColumnNames.isHeading)
                || isEven(separator, width: cells.count)
        } ?? comma
    }

    /// Whether texts without labels are in a table with this separator, and do not just contain it: all records have
    /// the same number of fields, and no blank follows the separator as it does in sentences.
    private func isEven(_ separator: UInt8, width: Int) -> Bool {
        var parser = CSVParser(bytes, separator: separator)
        var hasBlanks = separator != Self.tab
        while let item = parser.next() {
            guard case .record(let fields, _) = item, fields.count == width else { return false }
            hasBlanks = hasBlanks && fields.dropFirst().allSatisfy { $0.first == UInt8(ascii: " ") }
        }
        return !hasBlanks
    }

    /// The fields of the first record with this separator.
    private func cells(_ separator: UInt8) -> [String] { Self.cells(separator, of: bytes) }

    private static func cells(_ separator: UInt8, of bytes: ArraySlice<UInt8>) -> [String] {
        var parser = CSVParser(bytes, separator: separator)
        while let item = parser.next() {
            if case .record(let fields, _) = item { return fields.map { String(decoding: $0, as: UTF8.self) } }
        }
        return []
    }

    // MARK: - TSV

    private func readTabbed(_ rows: inout RowCollection) throws(DatasetError) {
        let lines = SourceBytes.lines(bytes)
        guard let first = lines.firstIndex(where: { !$0.isEmpty }) else { return }
        try checkTabs(lines[first], number: first + 1, rows)
        let quoted = self.cells(Self.tab)
        if let columns = try? header.columns(quoted), columns.isHeader {
            if lines[first].first == Self.quote || isQuoted(width: quoted.count) {
                return try readQuoted(&rows, separator: Self.tab)
            }
        }
        let cells = lines[first].split(separator: Self.tab, omittingEmptySubsequences: false)
        let columns = try columns(cells.map { String(decoding: $0, as: UTF8.self) }, line: first + 1, &rows)
        var width = columns == .labelAndText && cells.count > 2 ? cells.count : nil
        // In a single column an empty line is an empty text, so that results match the lines.
        let skipsEmpty = columns.count > 1
        for (index, line) in lines.enumerated()
        where !(line.isEmpty && skipsEmpty) && !(columns.isHeader && index <= first) {
            if let known = width, 1 + line.count(where: { $0 == Self.tab }) != known { width = nil }
            try addTabbed(line, number: index + 1, columns, &rows)
        }
        if let width { rows.noteEvenColumns(width) }
    }

    /// Refuses a first line that is a header with other separators than tabs.
    private func checkTabs(
        _ line: ArraySlice<UInt8>, number: Int, _ rows: RowCollection
    ) throws(DatasetError) {
        guard !line.contains(Self.tab) else { return }
        for (separator, name) in [(",", "commas"), (";", "semicolons")] as [(Character, String)] {
            guard let byte = separator.asciiValue, header.isHeader(Self.cells(byte, of: line)) else { continue }
            throw .badLine(
                file: rows.sources.last ?? "rows", line: number,
                reason: "is a header with \(name) instead of tabs between its names")
        }
    }

    /// Whether fields below a header are quoted as in CSV, as spreadsheets and Label Studio write TSV: some begin with
    /// a quote, and all are complete when read that way. Otherwise, and without a header, a quote is part of the text.
    private func isQuoted(width: Int) -> Bool {
        var before = UInt8(ascii: "\n")
        let begins = bytes.contains { byte in
            defer { before = byte }
            return byte == Self.quote && (before == Self.tab || before == UInt8(ascii: "\n"))
        }
        guard begins else { return false }
        var parser = CSVParser(bytes, separator: Self.tab)
        while let item = parser.next() {
            guard case .record(let fields, _) = item, fields.count == width else { return false }
        }
        return true
    }

    private func addTabbed(
        _ line: ArraySlice<UInt8>, number: Int, _ columns: TableColumns, _ rows: inout RowCollection
    ) throws(DatasetError) {
        if columns == .labelAndText {
            guard let tab = line.firstIndex(of: Self.tab) else {
                return try rows.refuse(line: number, reason: "no tab between label and text")
            }
            let fields = [line[..<tab], line[(tab + 1)...]]
            if let reason = heading(fields, columns) { return try rows.refuse(line: number, reason: reason) }
            return try add(fields[0], fields[1], line: number, &rows)
        }
        // A text in the last column may hold tabs: nothing behind it can be meant by them.
        let splits = columns.text == columns.count - 1 && columns.count > 1 ? columns.count - 1 : Int.max
        let fields = line.split(separator: Self.tab, maxSplits: splits, omittingEmptySubsequences: false)
        guard fields.count == columns.count else {
            return try rows.refuse(
                line: number, reason: "has \(fields.count) columns, but the first line has \(columns.count)")
        }
        if let reason = heading(fields, columns) { return try rows.refuse(line: number, reason: reason) }
        try add(columns.label.map { fields[$0] }, fields[columns.text], line: number, &rows)
    }
}
