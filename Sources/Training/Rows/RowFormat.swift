/// The file format of rows.
public enum RowFormat: String, Sendable, Codable, CaseIterable {
    /// `label<TAB>text` per line, or any columns below a header. Fields are quoted only if the header is.
    case tsv
    /// RFC 4180: `label,text`, or any columns below a header.
    case csv
    /// `{"text":…,"label":…}` or `{"text":…,"labels":[…]}` per line, or an array of such objects.
    case jsonl
    /// An array of such objects, or one object after the other, as labelling tools export them.
    case json

    /// Whether the extension of a file says its format.
    public static func isKnown(ending path: String) -> Bool { RowFormat(path: path) != nil }

    /// The format that the extension of a file says; nil if it says none.
    init?(path: String) {
        let name = path.lowercased()
        if name.hasSuffix(".tsv") {
            self = .tsv
        } else if name.hasSuffix(".csv") {
            self = .csv
        } else if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") {
            self = .jsonl
        } else if name.hasSuffix(".json") {
            self = .json
        } else {
            return nil
        }
    }
}

/// How to read rows.
public struct RowOptions: Sendable, Equatable {
    /// The format of standard input and of files whose extension says none.
    public var format = RowFormat.tsv
    /// Whether a row has a set of labels.
    public var isMultiLabel = false
    /// The separator of labels, if the labels of a row are one text.
    public var separator = "|"
    /// Whether unreadable rows are counted and skipped instead of being an error.
    public var skipsBadRows = false
    /// The column of texts: its name, or its number from 1. nil: a column with a known name.
    public var textColumn: String?
    /// The column of labels, likewise.
    public var labelColumn: String?
    /// Whether labels are required. If not, only texts are read.
    public var readsLabels = true

    /// The defaults.
    public init() {}

    /// Whether an option names the columns: then nothing is doubted.
    var namesColumns: Bool { textColumn != nil || labelColumn != nil }
}
