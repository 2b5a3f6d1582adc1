/// How rows are written.
public enum RowFormat: String, Sendable, Codable, CaseIterable {
    /// `label<TAB>text` per line, or any columns under a first line that names them. Nothing is quoted unless the header
    /// is.
    case tsv
    /// RFC 4180: `label,text`, or any columns under a first record that names them.
    case csv
    /// `{"text":…,"label":…}` or `{"text":…,"labels":[…]}` per line; an array of such objects is read, too.
    case jsonl
    /// An array of such objects, or one object after the other: what labelling tools export.
    case json

    /// Whether a file's ending says how it is written.
    public static func isKnown(ending path: String) -> Bool { RowFormat(path: path) != nil }

    /// What a file's ending says.
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

/// How rows are to be read.
public struct RowOptions: Sendable, Equatable {
    /// The format of standard input and of files whose ending says nothing.
    public var format = RowFormat.tsv
    /// Whether a row has a set of labels.
    public var isMultiLabel = false
    /// What stands between the labels of a row whose labels are one text.
    public var separator = "|"
    /// Whether rows that cannot be read are counted and left out, in place of ending it.
    public var skipsBadRows = false
    /// The column of texts: its name, or its number from 1. nil: one that is known by name.
    public var textColumn: String?
    /// The column of labels, likewise.
    public var labelColumn: String?
    /// Whether labels are required. Without, texts alone are read.
    public var readsLabels = true

    public init() {}

    /// Whether somebody said which columns are meant: then nothing is doubted.
    var namesColumns: Bool { textColumn != nil || labelColumn != nil }
}
