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
        var places: [NormalizedText: Int] = [:]
        var groups: [(text: NormalizedText, rows: [LabelledText])] = []
        for row in given {
            let normalized = NormalizedText(row.text)
            if normalized.isEmpty {
                emptyTexts += 1
            } else if let place = places[normalized] {
                groups[place].rows.append(row)
            } else {
                places[normalized] = groups.count
                groups.append((normalized, [row]))
            }
        }
        for group in groups { take(group.text, group.rows, rule) }
    }

    private mutating func take(_ text: NormalizedText, _ given: [LabelledText], _ rule: ConflictRule) {
        guard let last = given.last else { return }
        var votes: [Set<String>: (count: Int, last: Int)] = [:]
        for (place, row) in given.enumerated() {
            votes[Set(row.labels)] = ((votes[Set(row.labels)]?.count ?? 0) + 1, place)
        }
        guard votes.count > 1 else {
            duplicates += given.count - 1
            rows.append(Row(normalized: text, row: last))
            return
        }
        conflicts += 1
        let chosen: (count: Int, last: Int)?
        switch rule {
        case .newest: chosen = votes[Set(last.labels)]
        case .majority: chosen = votes.values.max { ($0.count, $0.last) < ($1.count, $1.last) }
        case .drop: chosen = nil
        }
        guard let chosen else {
            conflictingRows += given.count
            return
        }
        duplicates += chosen.count - 1
        conflictingRows += given.count - chosen.count
        rows.append(Row(normalized: text, row: given[chosen.last]))
    }
}
