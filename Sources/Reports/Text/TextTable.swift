/// Rows in aligned columns, for people.
public struct TextTable {
    enum Alignment { case left, right }

    /// A column's title and the side that its cells are aligned to.
    public struct Column {
        let title: String
        let alignment: Alignment

        /// A column of texts.
        public static func left(_ title: String) -> Column { Column(title: title, alignment: .left) }
        /// A column of numbers.
        public static func right(_ title: String) -> Column { Column(title: title, alignment: .right) }
    }

    private let columns: [Column]
    /// The cells of each row.
    public private(set) var rows: [[String]] = []

    /// A table without rows.
    public init(_ columns: Column...) { self.columns = columns }
    /// A table without rows.
    public init(columns: [Column]) { self.columns = columns }

    /// Adds a row with one cell per column.
    public mutating func add(_ cells: String...) { rows.append(cells) }
    /// Adds a row with one cell per column.
    public mutating func add(cells: [String]) { rows.append(cells) }

    /// The header and the rows.
    public var lines: [String] { [line(columns.map(\.title))] + rows.map(line) }

    /// Writes the table to standard output.
    public func print() throws(StandardOutputError) {
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
