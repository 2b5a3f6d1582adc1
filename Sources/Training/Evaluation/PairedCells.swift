import Glibc
import Kernels

/// The predictions of two adapters for the same rows, counted: rows with the same truth and the same two predictions
/// are one cell. There are far fewer cells than rows, which makes a bootstrap cheap.
public struct PairedCells: Sendable {
    /// The rows that have a label, by who finds it.
    public struct LabelAgreement: Sendable, Equatable {
        /// The label.
        public var label: String
        /// Rows that have the label.
        public var rows = 0
        /// Rows for which the first predicts it.
        public var foundByFirst = 0
        /// Rows for which the second predicts it.
        public var foundBySecond = 0
        /// Rows for which only the first predicts it.
        public var onlyFirst = 0
        /// Rows for which only the second predicts it.
        public var onlySecond = 0
        /// Rows for which the second predicts it, be it right or wrong.
        public var givenBySecond = 0
    }

    /// A label of a cell, and where it occurs.
    private struct Entry {
        var label: Int
        var inTruth: Bool
        var byFirst: Bool
        var bySecond: Bool
    }

    /// Rows with the same labels in truth and predictions.
    private struct Cell {
        var rows = 0
        var entries: [Entry]
        var firstIsRight: Bool
        var secondIsRight: Bool
    }

    /// Number of rows.
    public private(set) var rows = 0
    /// Rows by who predicted them correctly.
    public private(set) var agreement = PairedComparison.Agreement()
    private var cells: [Cell] = []
    private var labels: [String] = []

    /// Counts rows. Those that only some of the lists have are ignored.
    ///
    /// - Parameters:
    ///   - truth: the labels of each row: one, or a set.
    ///   - first: the first adapter's labels of each row.
    ///   - second: the second adapter's labels of each row.
    public init(truth: [[String]], first: [[String]], second: [[String]]) {
        var numbers = LabelNumbers()
        var places: [[Int]: Int] = [:]
        for row in 0..<min(truth.count, first.count, second.count) {
            let key = [numbers.ofSet(truth[row]), numbers.ofSet(first[row]), numbers.ofSet(second[row])]
            let place = places[key] ?? cells.count
            if place == cells.count {
                places[key] = place
                cells.append(Self.cell(key.map { Set(numbers.sets[$0]) }))
            }
            cells[place].rows += 1
            count(cells[place])
        }
        labels = numbers.labels
    }

    private static func cell(_ sets: [Set<Int>]) -> Cell {
        let entries = sets[0].union(sets[1]).union(sets[2]).sorted().map { label in
            Entry(
                label: label, inTruth: sets[0].contains(label), byFirst: sets[1].contains(label),
                bySecond: sets[2].contains(label))
        }
        return Cell(entries: entries, firstIsRight: sets[1] == sets[0], secondIsRight: sets[2] == sets[0])
    }

    private mutating func count(_ cell: Cell) {
        rows += 1
        switch (cell.firstIsRight, cell.secondIsRight) {
        case (true, true): agreement.both += 1
        case (true, false): agreement.onlyFirst += 1
        case (false, true): agreement.onlySecond += 1
        case (false, false): agreement.neither += 1
        }
    }

    /// What a bootstrap sample costs: the labels of all cells, and those of which F1 is computed.
    var size: Int { cells.reduce(labels.count) { $0 + $1.entries.count } }

    /// Both accuracies as a pair of proportions.
    public var accuracies: PairedProportions {
        PairedProportions(rows: rows, onlyFirst: agreement.onlyFirst, onlySecond: agreement.onlySecond)
    }

    /// Macro-F1 of both, over the labels that occur in truth or prediction.
    public var macroF1: (first: Double, second: Double) {
        var counts = LabelCounts(labels: labels.count)
        for cell in cells { Self.add(cell, rows: cell.rows, to: &counts) }
        return counts.macroF1
    }

    /// Who finds which label; only labels that the truth has, in the order of their first row.
    public var labelAgreement: [LabelAgreement] {
        var found = labels.map { LabelAgreement(label: $0) }
        for cell in cells {
            for entry in cell.entries {
                if entry.bySecond { found[entry.label].givenBySecond += cell.rows }
                guard entry.inTruth else { continue }
                found[entry.label].rows += cell.rows
                if entry.byFirst { found[entry.label].foundByFirst += cell.rows }
                if entry.bySecond { found[entry.label].foundBySecond += cell.rows }
                if entry.byFirst, !entry.bySecond { found[entry.label].onlyFirst += cell.rows }
                if entry.bySecond, !entry.byFirst { found[entry.label].onlySecond += cell.rows }
            }
        }
        return found.filter { $0.rows > 0 }
    }
}

// MARK: - Bootstrap

extension PairedCells {
    /// Macro-F1 of the second minus that of the first in bootstrap samples of the rows, both on the same sample.
    ///
    /// A sample takes each row as often as a Poisson variable of mean 1 says, a cell as often as one of mean `rows`
    /// (Hanley and MacGibbon 2006). A macro-F1 does not depend on the size of the sample, which varies a little.
    public func macroF1Differences(resamples: Int, seed: UInt64) -> [Double] {
        guard rows > 0 else { return [] }
        var random = SplitMix64(seed: seed)
        let tables = PoissonTables(largest: cells.lazy.map(\.rows).max() ?? 0)
        var counts = LabelCounts(labels: labels.count)
        return (0..<resamples).map { _ in
            counts.reset()
            for cell in cells {
                let times = tables.draw(mean: cell.rows, &random)
                if times > 0 { Self.add(cell, rows: times, to: &counts) }
            }
            let (first, second) = counts.macroF1
            return second - first
        }
    }

    private static func add(_ cell: Cell, rows: Int, to counts: inout LabelCounts) {
        for entry in cell.entries { counts.add(entry, rows: rows) }
    }

    /// Per label: rows that have it and are predicted so, and the sum of rows that have it and rows predicted so.
    private struct LabelCounts {
        private var firstRight: [Int]
        private var firstAll: [Int]
        private var secondRight: [Int]
        private var secondAll: [Int]

        init(labels: Int) {
            firstRight = [Int](repeating: 0, count: labels)
            (firstAll, secondRight, secondAll) = (firstRight, firstRight, firstRight)
        }

        mutating func reset() {
            for label in firstRight.indices {
                firstRight[label] = 0
                firstAll[label] = 0
                secondRight[label] = 0
                secondAll[label] = 0
            }
        }

        mutating func add(_ entry: Entry, rows: Int) {
            let truth = entry.inTruth ? rows : 0
            firstAll[entry.label] += truth + (entry.byFirst ? rows : 0)
            secondAll[entry.label] += truth + (entry.bySecond ? rows : 0)
            if entry.byFirst { firstRight[entry.label] += truth }
            if entry.bySecond { secondRight[entry.label] += truth }
        }

        var macroF1: (first: Double, second: Double) {
            (Self.mean(firstRight, firstAll), Self.mean(secondRight, secondAll))
        }

        private static func mean(_ right: [Int], _ all: [Int]) -> Double {
            var (sum, occurring) = (0.0, 0)
            for label in right.indices where all[label] > 0 {
                sum += 2 * Double(right[label]) / Double(all[label])
                occurring += 1
            }
            return occurring == 0 ? 0 : sum / Double(occurring)
        }
    }
}

extension PairedCells {
    /// Draws Poisson variables.
    private struct PoissonTables {
        /// The distribution functions of small means, without their tails.
        private var cumulated: [[Float]] = [[]]
        /// From here on, a rounded normal variable is close enough.
        private static let largest = 24

        /// Tables for means up to `largest`.
        init(largest: Int) {
            guard largest > 0 else { return }
            for mean in 1...min(largest, Self.largest) {
                var (term, sum, table) = (exp(-Double(mean)), 0.0, [Float]())
                while sum + term < 1 - 1e-7, table.count < 128 {
                    sum += term
                    table.append(Float(sum))
                    term *= Double(mean) / Double(table.count)
                }
                cumulated.append(table)
            }
        }

        func draw(mean: Int, _ random: inout SplitMix64) -> Int {
            guard mean < cumulated.count else {
                return max(0, Int((Float(mean) + Float(mean).squareRoot() * random.normal()).rounded()))
            }
            let share = random.unit()
            return cumulated[mean].firstIndex { share < $0 } ?? cumulated[mean].count
        }
    }
}

extension PairedCells {
    /// Numbers for labels and for sets of labels.
    private struct LabelNumbers {
        private(set) var labels: [String] = []
        private(set) var sets: [[Int]] = []
        private var numbers: [String: Int] = [:]
        private var places: [[Int]: Int] = [:]

        mutating func ofSet(_ labels: [String]) -> Int {
            let set = labels.count == 1 ? [of(labels[0])] : Set(labels.map { of($0) }).sorted()
            if let place = places[set] { return place }
            places[set] = sets.count
            sets.append(set)
            return sets.count - 1
        }

        private mutating func of(_ label: String) -> Int {
            if let number = numbers[label] { return number }
            numbers[label] = labels.count
            labels.append(label)
            return labels.count - 1
        }
    }
}
