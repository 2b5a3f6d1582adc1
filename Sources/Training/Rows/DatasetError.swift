/// Why rows cannot be used. Every case names the file; none contains texts.
public enum DatasetError: Error, Equatable {
    /// The file cannot be read.
    case unreadable(file: String, reason: String)
    /// A line that is not a row: without a tab, not UTF-8, not a JSON object with `text` and `label`…
    case badLine(file: String, line: Int, reason: String)
    /// Rows that were probably read the wrong way, or columns that are ambiguous, and what would decide.
    case doubtful(file: String, line: Int?, reason: String, remedy: RowRemedy)
    /// There are no rows.
    case noRows(file: String)
    /// All rows have this label, but at least two labels are required.
    case oneLabel(file: String, label: String)
    /// No row of a multi-label task has a label.
    case noLabels(file: String)
    /// There are more labels than any task has.
    case tooManyLabels(file: String, count: Int, limit: Int)
}

/// What decides how ambiguous rows are read. The caller expresses it by its options.
public enum RowRemedy: Sendable, Equatable {
    /// The columns of texts and labels can be named: here are their names, as far as they are known to be names.
    case columns(among: [String])
    /// The column of texts can be named.
    case textColumn(among: [String])
    /// The column of labels can be named.
    case labelColumn(among: [String])
    /// The task can be a multi-label task.
    case multiLabel
    /// The task can be a multi-label task with this separator between labels.
    case separator(String)
}

extension DatasetError: CustomStringConvertible {
    /// The file and line, and what is wrong.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
        case .badLine(let file, let line, let reason): "\(file):\(line): \(reason)"
        case .doubtful(let file, let line, let reason, _): file + (line.map { ":\($0)" } ?? "") + ": " + reason
        case .noRows(let file): "\(file): no rows"
        case .oneLabel(let file, let label):
            "\(file): all rows have the label \"\(label)\", but at least two labels are required"
        case .noLabels(let file): "\(file): no row has a label"
        case .tooManyLabels(let file, let count, let limit):
            "\(file): \(count) labels exceed the limit of \(limit); is this the label column?"
        }
    }
}
