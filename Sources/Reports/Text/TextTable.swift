import Foundation

/// Rows in aligned columns, for people.
public struct TextTable {
    enum Alignment { case left, right }

    /// A column's header and the side that its cells keep to.
    public struct Column {
        let title: String
        let alignment: Alignment

        public static func left(_ title: String) -> Column { Column(title: title, alignment: .left) }
        public static func right(_ title: String) -> Column { Column(title: title, alignment: .right) }
    }

    let columns: [Column]
    public private(set) var rows: [[String]] = []

    public init(_ columns: Column...) { self.columns = columns }
    public init(columns: [Column]) { self.columns = columns }

    /// Adds a row of as many cells as there are columns.
    public mutating func add(_ cells: String...) { rows.append(cells) }
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
