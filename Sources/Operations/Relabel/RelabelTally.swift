import Connectors
import Serving
import Synchronization

/// Counts what becomes of the rows of a run. Holds as much as there are pairs of labels, however many rows there are.
final class RelabelTally: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var report = RelabelReport()
        /// Rows of all passes so far.
        var total = 0
        var done = 0
        var changes: [Pair: Int] = [:]
    }

    private let state = Mutex(State())
    private let shownTexts: Int
    private let progress: @Sendable (Int, Int) -> Void

    /// Characters of a text that are kept.
    private static let textLength = 200

    /// - Parameters:
    ///   - shownTexts: how many of the most changed texts are kept.
    ///   - progress: how many rows are done, of how many.
    init(shownTexts: Int, progress: @escaping @Sendable (Int, Int) -> Void) {
        (self.shownTexts, self.progress) = (shownTexts, progress)
    }

    /// Rows that a pass is about to read. What an earlier pass left as it is, is read again.
    func begin(rows: Int) {
        state.withLock { state in
            if state.total == 0 { state.report.rows = rows }
            state.total = state.done + rows
            (state.report.overtaken, state.report.withoutText, state.report.failed) = (0, 0, [:])
        }
    }

    func noteWithoutText(_ rows: Int) {
        state.withLock { state in
            state.report.withoutText += rows
            state.done += rows
        }
    }

    func note(_ outcome: RelabelOutcome) {
        let (done, total) = state.withLock { state in
            state.report.relabelled += outcome.relabelled.count
            state.report.overtaken += outcome.overtaken
            state.report.failed.merge(outcome.failed, uniquingKeysWith: +)
            state.done +=
                outcome.relabelled.count + outcome.overtaken + outcome.failed.values.reduce(0, +)
            for row in outcome.relabelled { note(row, in: &state) }
            return (state.done, state.total)
        }
        progress(done, total)
    }

    private func note(_ row: RelabelledRow, in state: inout State) {
        let change = LabelChange(row)
        guard change.isChange else { return }
        state.report.changed += 1
        for pair in change.pairs(task: row.label.task) { state.changes[pair, default: 0] += 1 }
        let texts = state.report.mostChanged
        guard shownTexts > 0, texts.count < shownTexts || row.label.score > texts[texts.count - 1].score else { return }
        // Of equal scores, the first stays first.
        let place = texts.firstIndex { $0.score < row.label.score } ?? texts.count
        state.report.mostChanged.insert(
            .init(
                origin: "\(row.origin)", task: row.label.task, from: change.fromText, to: change.toText,
                score: row.label.score, text: Self.beginning(of: row.text)), at: place)
        if state.report.mostChanged.count > shownTexts { state.report.mostChanged.removeLast() }
    }

    /// One line without control characters: a text must not write to the terminal what it likes.
    private static func beginning(of text: [UInt8]) -> String {
        let start = String(decoding: text.prefix(textLength * 4), as: UTF8.self).prefix(textLength)
        return String(String.UnicodeScalarView(start.unicodeScalars.map { $0.isHidden ? " " : $0 }))
    }

    /// The counts so far.
    var report: RelabelReport {
        state.withLock { state in
            var report = state.report
            report.changes = state.changes.map { pair, rows in
                .init(task: pair.task, from: pair.from, to: pair.to, rows: rows)
            }.sorted { ($1.rows, $0.task, $0.from, $0.to) < ($0.rows, $1.task, $1.from, $1.to) }
            return report
        }
    }
}

extension RelabelTally {
    private struct Pair: Hashable {
        let task: String
        let from: String
        let to: String
    }

    /// What a row said, and what it says now.
    private struct LabelChange {
        /// nil: no label, because the task abstained.
        let from: [String]?
        let to: [String]?
        /// Whether both are sets of labels.
        let areSets: Bool

        private static let abstained = "(abstained)"
        /// In place of a label that a set does not have.
        private static let none = "–"

        init(_ row: RelabelledRow) {
            from = row.row.abstained ? nil : row.row.labels?.sorted() ?? row.row.label.map { [$0] }
            to = row.label.abstained ? nil : row.label.labels?.sorted() ?? row.label.label.map { [$0] }
            areSets = row.row.labels != nil && row.label.labels != nil
        }

        var isChange: Bool { from != to }
        var fromText: String { Self.text(from) }
        var toText: String { Self.text(to) }

        /// Sets are compared label by label: there may be as many sets as texts.
        func pairs(task: String) -> [Pair] {
            guard areSets, let from, let to else { return [Pair(task: task, from: fromText, to: toText)] }
            return from.filter { !to.contains($0) }.map { Pair(task: task, from: $0, to: Self.none) }
                + to.filter { !from.contains($0) }.map { Pair(task: task, from: Self.none, to: $0) }
        }

        private static func text(_ labels: [String]?) -> String {
            guard let labels else { return abstained }
            return labels.isEmpty ? none : labels.joined(separator: ", ")
        }
    }
}
