/// Why rows cannot be used. Every case names the file; texts are never part of it.
public enum DatasetError: Error, Equatable {
    case unreadable(file: String, reason: String)
    /// A line that is not a row: no tab, not UTF-8, not a JSON object with `text` and `label`…
    case badLine(file: String, line: Int, reason: String)
    case noRows(file: String)
    /// All rows have this label where more are needed.
    case oneLabel(file: String, label: String)
    /// No row of a multi-label task has a label.
    case noLabels(file: String)
    case tooManyLabels(file: String, count: Int, limit: Int)
}

extension DatasetError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
        case .badLine(let file, let line, let reason): "\(file):\(line): \(reason)"
        case .noRows(let file): "\(file): no rows"
        case .oneLabel(let file, let label): "\(file): all rows have the label \"\(label)\"; at least two labels are needed"
        case .noLabels(let file): "\(file): no row has a label"
        case .tooManyLabels(let file, let count, let limit):
            "\(file): \(count) labels are more than \(limit); is the column of labels really the one meant?"
        }
    }
}
