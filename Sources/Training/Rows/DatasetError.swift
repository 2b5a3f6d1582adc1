/// Why rows cannot be used. Every case names the file; texts are never part of it.
public enum DatasetError: Error, Equatable {
    case unreadable(file: String, reason: String)
    /// A line that is not a row: no tab, not UTF-8, not a JSON object with `text` and `label`…
    case badLine(file: String, line: Int, reason: String)
    /// Rows that were read the wrong way, or columns that cannot be told; and what would tell.
    case doubtful(file: String, line: Int?, reason: String, remedy: RowRemedy)
    case noRows(file: String)
    /// All rows have this label where more are needed.
    case oneLabel(file: String, label: String)
    /// No row of a multi-label task has a label.
    case noLabels(file: String)
    case tooManyLabels(file: String, count: Int, limit: Int)
}

/// What tells how rows are meant where they do not tell it themselves. Whoever calls says it in the words of its
/// options.
public enum RowRemedy: Sendable, Equatable {
    /// The columns of texts and labels can be named; the names that there are, where they are known to be names.
    case columns(among: [String])
    /// The column of texts can be named.
    case textColumn(among: [String])
    /// The column of labels can be named.
    case labelColumn(among: [String])
    /// A task whose texts have sets of labels.
    case multiLabel
    /// Such a task, with this between labels.
    case separator(String)
}

extension DatasetError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
        case .badLine(let file, let line, let reason): "\(file):\(line): \(reason)"
        case .doubtful(let file, let line, let reason, _): file + (line.map { ":\($0)" } ?? "") + ": " + reason
        case .noRows(let file): "\(file): no rows"
        case .oneLabel(let file, let label):
            "\(file): all rows have the label \"\(label)\"; at least two labels are needed"
        case .noLabels(let file): "\(file): no row has a label"
        case .tooManyLabels(let file, let count, let limit):
            "\(file): \(count) labels are more than \(limit); is the column of labels really the one meant?"
        }
    }
}
