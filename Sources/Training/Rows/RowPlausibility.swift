import WordPiece

/// Checks whether rows were read as they are meant. Nothing is doubted if an option names the columns.
///
/// The thresholds leave room for what real files hold: few rows, one or few rows per label, some labels that occur
/// once, texts of one word, labels that are paths of a taxonomy and longer than their texts. So no single figure raises
/// a doubt, and a handful of rows raises none at all.
struct RowPlausibility {
    /// The fewest rows that statistical rules look at.
    private static let fewestRows = 8
    private static let fewestLabels = 5

    private let options: RowOptions
    private let origin: RowOrigin
    private let rows: ArraySlice<LabelledText>
    private let known: Set<String>

    /// - Parameter known: labels of the task. Rows with them are plausible.
    init(_ origin: RowOrigin, _ rows: ArraySlice<LabelledText>, options: RowOptions, known: Set<String>) {
        (self.origin, self.rows, self.options, self.known) = (origin, rows, options, known)
    }

    func check() throws(DatasetError) {
        do throws(RowRefusal) {
            guard !options.namesColumns, !rows.isEmpty else { return }
            if let count = origin.evenColumns, rows.count >= Self.fewestRows { throw evenColumns(count) }
            if origin.maybeHeading { try checkHeading() }
            let labels = Set(rows.map(\.labels))
            guard 2 * labels.count(where: { $0.allSatisfy(known.contains) && !$0.isEmpty }) < labels.count else {
                return
            }
            try checkSwapped(different: labels.count)
            if options.readsLabels {
                try checkOwnLabels(different: labels.count)
                try checkJoined(Set(labels.joined()))
            }
        } catch {
            throw .doubtful(file: origin.name, line: nil, reason: error.reason, remedy: error.remedy ?? columns)
        }
    }

    private var columns: RowRemedy { options.readsLabels ? .columns(among: []) : .textColumn(among: []) }

    /// Texts with tabs would not all have the same number of them.
    private func evenColumns(_ count: Int) -> RowRefusal {
        RowRefusal(reason: "every line has \(count) columns, but the first line does not name them", remedy: columns)
    }

    // MARK: - A header read as a row

    /// The first row may be a header with unknown names: its cells are names or numbers, its label occurs nowhere else
    /// although other labels repeat, and it has a typical column name, or a much shorter text than the other rows.
    private func checkHeading() throws(RowRefusal) {
        guard let first = rows.first, !first.labels.contains(where: known.contains), isHeading(first) else { return }
        // A cell that may be a text is shown only if it is a typical column name.
        let texts = options.readsLabels ? [first.text] : first.labels + [first.text]
        let names = (options.readsLabels ? first.labels : []) + texts.filter(ColumnNames.isHeading)
        let shown = names.isEmpty ? "" : ": " + names.map { "\"\($0)\"" }.joined(separator: ", ")
        throw RowRefusal(reason: "the first line looks like a header" + shown, remedy: columns)
    }

    private func isHeading(_ first: LabelledText) -> Bool {
        let cells = first.labels + [first.text]
        guard cells.allSatisfy({ ColumnNames.looksLikeName($0) || $0.isNumber }) else { return false }
        let isWord = cells.contains(where: ColumnNames.isHeading)
        let lengths = rows.map(\.text.utf8.count).sorted()
        let isShort = 2 * first.text.utf8.count < lengths[lengths.count / 2]
        if first.labels.isEmpty { return isWord && isShort }
        var counts: [[String]: Int] = [:]
        for row in rows { counts[row.labels, default: 0] += 1 }
        guard rows.count >= Self.fewestRows, counts[first.labels] == 1 else { return false }
        let once = counts.values.count { $0 == 1 }
        return isWord && (isShort || 2 * once <= rows.count) || isShort && 10 * once <= rows.count
    }

    // MARK: - Texts read as labels

    /// Each label has at least one text, so there are not many times as many labels as texts, unless the columns are
    /// swapped.
    private func checkSwapped(different: Int) throws(RowRefusal) {
        if different >= Self.fewestLabels {
            var texts: Set<String> = []
            for row in rows where 2 * texts.count <= different { texts.insert(row.text) }
            // Without labels, the other column may be the number of the row.
            if 2 * texts.count <= different, options.readsLabels || labelsAreLonger {
                throw RowRefusal(
                    reason: "\(different) different labels for \(texts.count) different texts: are the columns swapped?"
                )
            }
        }
        guard !origin.isNamed, rows.count >= Self.fewestRows, 2 * different > rows.count, labelsAreLonger else {
            return
        }
        throw RowRefusal(
            reason:
                "the labels are longer than the texts, and most rows have a label of their own: "
                + "are the columns swapped?"
        )
    }

    private var labelsAreLonger: Bool {
        words(rows.lazy.flatMap(\.labels)) > words(rows.lazy.map(\.text))
    }

    private func words(_ texts: some Sequence<String>) -> Int {
        texts.reduce(0) { $0 + $1.utf8.count { $0 == 0x20 } + 1 }
    }

    /// If nearly every row has a label of its own, the file may have one row per label. It does not if the labels are
    /// row numbers or texts of several words.
    private func checkOwnLabels(different: Int) throws(RowRefusal) {
        guard rows.count >= 20, 10 * different > 9 * rows.count else { return }
        let labels = rows.lazy.flatMap(\.labels)
        let numbered = labels.count { label in
            !label.contains(" ") && label.utf8.contains { (0x30...0x39).contains($0) }
        }
        guard 10 * numbered >= 9 * rows.count || words(labels) >= 4 * rows.count else { return }
        throw RowRefusal(
            reason: "nearly as many labels as rows (\(different) of \(rows.count)): is this the label column?")
    }

    // MARK: - Several labels read as one

    /// The separators that tools and people use: doccano's CSV, lists by hand.
    private var separators: [String] {
        (options.isMultiLabel ? ["#", "|", ";", ","] : ["#", "|", ";"]).filter {
            !options.isMultiLabel || $0 != options.separator
        }
    }

    /// Doubts labels whose parts all occur in other labels, too.
    private func checkJoined(_ labels: Set<String>) throws(RowRefusal) {
        for separator in separators {
            let parts = labels.filter { !known.contains($0) }.map { label in
                label.parts(separatedBy: separator).map(\.trimmed)
            }
            guard parts.contains(where: { $0.count > 1 }) else { continue }
            var counts: [String: Int] = [:]
            for part in parts.joined() { counts[part, default: 0] += 1 }
            let joined = parts.filter { parts in
                parts.count > 1 && parts.allSatisfy { !$0.isEmpty && (counts[$0] ?? 0) > 1 }
            }
            guard let example = joined.map({ $0.joined(separator: separator) }).min(), joined.count > 1 else {
                continue
            }
            throw RowRefusal(
                reason: "\(joined.count) labels such as \"\(example)\" look like several labels joined into one",
                remedy: .separator(separator))
        }
    }
}
