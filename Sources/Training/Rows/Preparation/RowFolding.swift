/// Which labels a text gets whose rows disagree.
public enum ConflictRule: String, Sendable, Codable, CaseIterable {
    /// Those of the last row.
    case newest
    /// Those of most rows; if that is a tie, the later ones.
    case majority
    /// None: its rows are dropped.
    case drop
}

/// Folds rows to one per text (``NormalizedText``), in the order in which the texts first occur. Rows without text are
/// left out.
public struct RowFolding: Sendable {
    /// One text.
    public struct Row: Sendable {
        /// What identifies the text.
        public var normalized: NormalizedText
        /// The newest row with the labels that count.
        public var row: LabelledText
    }

    /// One row per text.
    public private(set) var rows: [Row] = []
    /// Rows without text.
    public private(set) var emptyTexts = 0
    /// Rows of a text that occurred before, with the labels that count.
    public private(set) var duplicates = 0
    /// Texts whose rows have different labels.
    public private(set) var conflicts = 0
    /// Rows that were left out because their text has other labels, or none by the rule `drop`.
    public private(set) var conflictingRows = 0

    /// Folds rows.
    public init(_ given: [LabelledText], conflicts rule: ConflictRule) {
        for (text, places) in groupByText(given) {
            var counts: [Set<String>: (count: Int, last: Int)] = [:]
            for place in places {
                let labels = Set(given[place].labels)
                counts[labels] = ((counts[labels]?.count ?? 0) + 1, place)
            }
            let winner: Set<String>? =
                switch rule {
                case .newest: places.last.map { Set(given[$0].labels) }
                case .majority: counts.max { ($0.value.count, $0.value.last) < ($1.value.count, $1.value.last) }?.key
                case .drop: counts.count == 1 ? counts.first?.key : nil
                }
            take(text, given, counts, places: places, winner: winner)
        }
    }

    /// What a row counts where rows of its text disagree.
    public struct Vote: Sendable {
        /// Who gave the labels. Of several rows with one text, only the newest counts; nil: each counts.
        public var voter: String?
        /// Above 0.
        public var weight: Double

        /// A vote.
        public init(voter: String?, weight: Double) { (self.voter, self.weight) = (voter, weight) }
    }

    /// Folds rows: the labels with the largest sum of weights count; if that is a tie, the later ones.
    ///
    /// - Parameter votes: one per row.
    public init(_ given: [LabelledText], votes: [Vote]) {
        for (text, places) in groupByText(given) {
            var counts: [Set<String>: (count: Int, last: Int)] = [:]
            var sums: [Set<String>: Double] = [:]
            var voters: Set<String> = []
            for place in places.reversed() {
                let labels = Set(given[place].labels)
                counts[labels] = ((counts[labels]?.count ?? 0) + 1, counts[labels]?.last ?? place)
                if let voter = votes[place].voter, !voters.insert(voter).inserted { continue }
                sums[labels, default: 0] += votes[place].weight
            }
            // Sums of the same weights in another order may differ in the last bits.
            let largest = (sums.values.max() ?? 0) * (1 - 1e-9)
            let winner = sums.filter { $0.value >= largest }.keys.max {
                (counts[$0]?.last ?? 0) < (counts[$1]?.last ?? 0)
            }
            take(text, given, counts, places: places, winner: winner)
        }
    }

    /// The places of the rows of each text, in the order in which the texts first occur.
    private mutating func groupByText(_ given: [LabelledText]) -> [(text: NormalizedText, places: [Int])] {
        var known: [NormalizedText: Int] = [:]
        var groups: [(text: NormalizedText, places: [Int])] = []
        for (place, row) in given.enumerated() {
            let normalized = NormalizedText(row.text)
            if normalized.isEmpty {
                emptyTexts += 1
            } else if let group = known[normalized] {
                groups[group].places.append(place)
            } else {
                known[normalized] = groups.count
                groups.append((normalized, [place]))
            }
        }
        return groups
    }

    /// Keeps the newest row with the labels that count.
    private mutating func take(
        _ text: NormalizedText, _ given: [LabelledText], _ counts: [Set<String>: (count: Int, last: Int)],
        places: [Int], winner: Set<String>?
    ) {
        if counts.count > 1 { conflicts += 1 }
        guard let winner, let chosen = counts[winner] else {
            conflictingRows += places.count
            return
        }
        duplicates += chosen.count - 1
        conflictingRows += places.count - chosen.count
        rows.append(Row(normalized: text, row: given[chosen.last]))
    }
}
