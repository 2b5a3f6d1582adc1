/// Reads rows from files: `.tsv`, `.csv`, `.jsonl` and `.json` (``RowFormat``). `-` is standard input.
///
/// A byte-order mark and carriage returns at line ends are dropped. Empty lines are not rows.
public struct LabelledFile {
    /// All rows of the files, in order.
    public static func collect(paths: [String], options: RowOptions = RowOptions()) throws(DatasetError)
        -> RowCollection
    {
        var rows = RowCollection(options)
        for path in paths { try read(path: path, into: &rows) }
        return rows
    }

    private static func read(path: String, into rows: inout RowCollection) throws(DatasetError) {
        let source = try SourceBytes(path: path)
        rows.begin(source: source.name)
        try RowReader(bytes: source.bytes, format: RowFormat(path: path) ?? rows.options.format).read(into: &rows)
    }

    /// All rows of a file, in order and unchanged.
    ///
    /// - Parameter minimumLabels: the number of labels that must occur; 2 for rows to train on.
    /// - Throws: the first line that is not a row, with its number.
    public static func read(
        path: String, minimumLabels: Int = 1, options: RowOptions = RowOptions()
    ) throws(DatasetError) -> [LabelledText] {
        let collection = try collect(paths: [path], options: options)
        try collection.checkPlausible()
        guard let first = collection.rows.first else { throw .noRows(file: collection.name) }
        if minimumLabels > 1, collection.rows.allSatisfy({ $0.label == first.label }) {
            throw .oneLabel(file: collection.name, label: first.label)
        }
        return collection.rows
    }

    // MARK: - Texts alone

    /// The texts of a file, in order, without labels. Columns are found as for labelled rows; without a header they are
    /// label and text, or text alone.
    ///
    /// In standard input and in files whose extension says no format, every line is a text, even an empty one. Only
    /// empty lines at the end are not.
    ///
    /// - Parameter format: the format of standard input or such a file, if its lines are not texts.
    /// - Throws: the first row that cannot be read.
    public static func readTexts(
        path: String, format: RowFormat? = nil, textColumn: String? = nil
    ) throws(DatasetError) -> [String] {
        let source = try SourceBytes(path: path)
        guard let format = RowFormat(path: path) ?? format else { return try lines(of: source) }
        var options = RowOptions()
        (options.readsLabels, options.textColumn) = (false, textColumn)
        var rows = RowCollection(options)
        rows.begin(source: source.name)
        try RowReader(bytes: source.bytes, format: format).read(into: &rows)
        try rows.checkPlausible()
        return rows.rows.map(\.text)
    }

    private static func lines(of source: SourceBytes) throws(DatasetError) -> [String] {
        var texts: [String] = []
        for (index, line) in source.lines.enumerated() {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw .badLine(file: source.name, line: index + 1, reason: "not UTF-8")
            }
            texts.append(text)
        }
        return texts
    }
}

extension LabelledFile {
    /// Reads the rows of one source into a collection.
    struct RowReader {
        let bytes: ArraySlice<UInt8>
        let format: RowFormat

        func read(into rows: inout RowCollection) throws(DatasetError) {
            switch format {
            case .tsv, .csv:
                try TableReader(bytes: bytes, isTabbed: format == .tsv, options: rows.options).read(into: &rows)
            case .jsonl, .json:
                var reader = JSONRowReader(bytes: bytes, options: rows.options)
                try reader.read(asLines: format == .jsonl, into: &rows)
            }
        }
    }
}
