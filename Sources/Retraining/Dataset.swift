import Training

/// Rows made ready to learn from: each text once, with the newest of its labels, no label that the task does not have.
struct Dataset: Sendable {
    /// Texts to train on, in the order in which they came.
    private(set) var training: [LabelledText] = []
    /// Texts to measure on; no adapter that the learning way trains has ever seen them.
    private(set) var heldOut: [LabelledText] = []
    private(set) var summary = RowSummary()

    /// - Parameters:
    ///   - rows: oldest first.
    ///   - labels: those of the task.
    init(rows: [LabelledRow], labels: [String], holdOut: HoldOut) {
        summary.read = rows.count
        let known = Set(labels)
        var newest: [NormalizedText: Int] = [:]
        var texts: [(normalized: NormalizedText, row: LabelledRow)] = []
        for row in rows {
            let normalized = NormalizedText(row.text)
            guard !normalized.isEmpty else {
                summary.empty += 1
                continue
            }
            guard known.contains(row.label) else {
                summary.foreignLabels += 1
                continue
            }
            if let index = newest[normalized] {
                summary.duplicates += 1
                texts[index].row = row
            } else {
                newest[normalized] = texts.count
                texts.append((normalized, row))
            }
        }
        for (normalized, row) in texts {
            let example = LabelledText(text: row.text, label: row.label)
            if holdOut.contains(normalized) { heldOut.append(example) } else { training.append(example) }
        }
        summary.training = training.count
        summary.heldOut = heldOut.count
    }
}
