import Foundation

/// Rows in aligned columns, for people.
struct TextTable {
    enum Alignment { case left, right }

    /// A column's header and the side that its cells keep to.
    struct Column {
        let title: String
        let alignment: Alignment

        static func left(_ title: String) -> Column { Column(title: title, alignment: .left) }
        static func right(_ title: String) -> Column { Column(title: title, alignment: .right) }
    }

    let columns: [Column]
    private(set) var rows: [[String]] = []

    init(_ columns: Column...) { self.columns = columns }
    init(columns: [Column]) { self.columns = columns }

    /// Adds a row of as many cells as there are columns.
    mutating func add(_ cells: String...) { rows.append(cells) }
    mutating func add(cells: [String]) { rows.append(cells) }

    /// The header and the rows.
    var lines: [String] { [line(columns.map(\.title))] + rows.map(line) }

    /// Writes the table to standard output.
    func print() throws(StandardOutputError) {
        for line in lines { try StandardOutput.shared.line(line) }
    }

    private var widths: [Int] {
        columns.indices.map { column in
            rows.reduce(columns[column].title.count) { max($0, column < $1.count ? $1[column].count : 0) }
        }
    }

    private func line(_ cells: [String]) -> String {
        let padded = zip(zip(columns, widths), cells).map { column, cell in
            let padding = String(repeating: " ", count: max(0, column.1 - cell.count))
            return column.0.alignment == .right ? padding + cell : cell + padding
        }
        var line = padded.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// Numbers as people read them.
enum Figure {
    /// Four decimals: accuracy, F1, scores.
    static func share(_ value: Double?) -> String { decimal(value, 4) }

    /// A fixed number of decimals; a dash where there is no number.
    static func decimal(_ value: Double?, _ digits: Int) -> String {
        guard let value, value.isFinite else { return "–" }
        return String(format: "%.\(digits)f", value)
    }

    /// A learning rate: `9.4e-04`.
    static func rate(_ value: Double) -> String { String(format: "%.1e", value) }

    /// `0:42`, `1:03:20`.
    static func clock(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 359_999).rounded())
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        let tail = hours > 0 && minutes < 10 ? "0\(minutes)" : "\(minutes)"
        return (hours > 0 ? "\(hours):" : "") + tail + (rest < 10 ? ":0\(rest)" : ":\(rest)")
    }

    /// The first twelve digits, enough to tell adapters apart at a glance.
    static func digest(_ digest: String) -> String { String(digest.prefix(12)) }
}
