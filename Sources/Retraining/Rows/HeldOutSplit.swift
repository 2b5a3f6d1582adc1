import AdapterRegistry
import FoundationEssentials
import Training

/// The newest rows, which are held out because a stream drifts: what is coming resembles them more than older rows.
public enum NewestRows: Sendable, Equatable {
    /// This share of the rows at most. Rows of one moment stay together.
    case share(Double)
    /// All rows from this moment on: those that were held out when a challenger was trained, and all that came later.
    case since(Date)
}

/// Decides what each text of a retraining is for: to train on, or to judge by.
struct HeldOutSplit {
    enum Side: Sendable, Equatable {
        case training
        /// Held out by the hash of its text.
        case hash
        /// Held out as one of the newest rows, whatever its hash says.
        case newest
        /// Would be held out, but the champion was trained on it.
        case seen
    }

    struct Row {
        let text: NormalizedText
        let labels: [String]
        let createdAt: Date
    }

    let hash: HoldOut
    let newest: NewestRows
    /// The rows that the champion was trained on.
    let champion: TrainingRowSet?
    /// The rows of a challenger that is trained already, and judged again.
    let challenger: TrainingRowSet?

    /// One side per row, and since when rows are held out as the newest ones.
    func sides(_ rows: [Row]) -> (sides: [Side], newestSince: Date?) {
        let since = cutoff(rows.map(\.createdAt))
        var sides = challenger.map { judgedAgain(rows, $0, since) } ?? trained(rows, since)
        guard let champion else { return (sides, since) }
        for (place, row) in rows.enumerated() where sides[place] != .training {
            if champion.contains(hash: row.text.hash64) { sides[place] = .seen }
        }
        return (sides, since)
    }

    /// Since when rows are among the newest; nil: none is.
    private func cutoff(_ times: [Date]) -> Date? {
        switch newest {
        case .since(let date): return date
        case .share(let share):
            let sorted = times.sorted()
            let count = min(Int(share * Double(sorted.count)), sorted.count - 1)
            guard count > 0 else { return nil }
            let (first, before) = (sorted[sorted.count - count], sorted[sorted.count - count - 1])
            return first > before ? first : sorted.first { $0 > first }
        }
    }

    private func trained(_ rows: [Row], _ since: Date?) -> [Side] {
        let isNewest = rows.map { row in since.map { row.createdAt >= $0 } ?? false }
        let older = rows.indices.filter { !isNewest[$0] }
        let isHeld = hash.split(older.map { (rows[$0].text, rows[$0].labels) })
        var sides = [Side](repeating: .newest, count: rows.count)
        for (place, isHeld) in zip(older, isHeld) { sides[place] = isHeld ? .hash : .training }
        trainNewLabels(rows, &sides)
        return sides
    }

    /// A label that only the newest rows have would not be trained at all: those of them that the hash does not hold
    /// out are trained on.
    private func trainNewLabels(_ rows: [Row], _ sides: inout [Side]) {
        let trained = Set(rows.indices.filter { sides[$0] == .training }.flatMap { rows[$0].labels })
        for place in rows.indices where sides[place] == .newest {
            if !trained.isSuperset(of: rows[place].labels), !hash.contains(rows[place].text) {
                sides[place] = .training
            }
        }
    }

    /// What the challenger was not trained on was held out, or is new since.
    private func judgedAgain(_ rows: [Row], _ challenger: TrainingRowSet, _ since: Date?) -> [Side] {
        rows.map { row in
            if challenger.contains(hash: row.text.hash64) { return .training }
            return since.map { row.createdAt >= $0 } ?? false ? .newest : .hash
        }
    }
}
