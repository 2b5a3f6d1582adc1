/// How rows are written.
public enum RowFormat: String, Sendable, Codable, CaseIterable {
    /// `label<TAB>text` a line.
    case tsv
    /// RFC 4180: `label,text`, or any columns under a first record that names `text` and `label` or `labels`.
    case csv
    /// `{"text":…,"label":…}` or `{"text":…,"labels":[…]}` a line.
    case jsonl

    /// What a file's ending says.
    init?(path: String) {
        let name = path.lowercased()
        if name.hasSuffix(".tsv") {
            self = .tsv
        } else if name.hasSuffix(".csv") {
            self = .csv
        } else if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") {
            self = .jsonl
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

    public init() {}
}
