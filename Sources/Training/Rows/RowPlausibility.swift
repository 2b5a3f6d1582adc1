import Foundation

/// Whether rows are what their reader took them for. Nothing is doubted where an option names the columns.
///
/// Each threshold leaves room for what real files hold: few rows, one or few rows per label, some labels that occur once,
/// texts of one word, labels that are paths of a taxonomy and longer than their texts. So nothing is doubted for one
/// figure alone, and of a handful of rows nothing at all.
struct RowPlausibility {
    /// A rule that needs figures of many rows looks at no fewer than these.
    private static let fewestRows = 8
    private static let fewestLabels = 5

    private let options: RowOptions
    private let origin: RowOrigin
    private let rows: ArraySlice<LabelledText>
    private let known: Set<String>

    /// - Parameter known: labels that the task has: rows with them are plausible.
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

    /// Tabs within texts come in different numbers.
    private func evenColumns(_ count: Int) -> RowRefusal {
        RowRefusal(reason: "every line has \(count) columns, and no first line names them", remedy: columns)
    }

    // MARK: - A header that is no row

    /// The first row may be a header whose names are not known: its cells are names or numbers, its label occurs nowhere
    /// else, though others do, and it has a word that heads columns, or a text much shorter than texts are.
    private func checkHeading() throws(RowRefusal) {
        guard let first = rows.first, !first.labels.contains(where: known.contains), isHeading(first) else { return }
        // What may be a text is shown only where it is a word that heads columns.
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

    // MARK: - Texts in the place of labels

    /// Each label has a text at least, so labels are not many times as many as texts; unless the columns are swapped,
    /// and the few labels stand where the texts should.
    private func checkSwapped(different: Int) throws(RowRefusal) {
        if different >= Self.fewestLabels {
            var texts: Set<String> = []
            for row in rows where 2 * texts.count <= different { texts.insert(row.text) }
            // Of texts alone the other column may be a number of their own.
            if 2 * texts.count <= different, options.readsLabels || labelsAreLonger {
                throw RowRefusal(
                    reason: "\(different) different labels for \(texts.count) different texts: are they swapped?")
            }
        }
        guard !origin.isNamed, rows.count >= Self.fewestRows, 2 * different > rows.count, labelsAreLonger else {
            return
        }
        throw RowRefusal(
            reason: "the labels are longer than the texts, and most rows have one of their own: are they swapped?")
    }

    private var labelsAreLonger: Bool {
        words(rows.lazy.flatMap(\.labels)) > words(rows.lazy.map(\.text))
    }

    private func words(_ texts: some Sequence<String>) -> Int {
        texts.reduce(0) { $0 + $1.utf8.count { $0 == 0x20 } + 1 }
    }

    /// Nearly every row with a label of its own may be a file of one row per label; not where the labels are numbers of
    /// rows or texts of several words.
    private func checkOwnLabels(different: Int) throws(RowRefusal) {
        guard rows.count >= 20, 10 * different > 9 * rows.count else { return }
        let labels = rows.lazy.flatMap(\.labels)
        let numbered = labels.count { label in
            !label.contains(" ") && label.utf8.contains { (0x30...0x39).contains($0) }
        }
        guard 10 * numbered >= 9 * rows.count || words(labels) >= 4 * rows.count else { return }
        throw RowRefusal(
            reason: "nearly as many labels as rows (\(different) of \(rows.count)): is it the column of labels?")
    }

    // MARK: - Several labels in one

    /// What tools put between the labels of a text: doccano's CSV, lists of people.
    private var separators: [String] {
        (options.isMultiLabel ? ["#", "|", ";", ","] : ["#", "|", ";"]).filter {
            !options.isMultiLabel || $0 != options.separator
        }
    }

    /// Labels whose every part occurs in another label, too.
    private func checkJoined(_ labels: Set<String>) throws(RowRefusal) {
        for separator in separators {
            let parts = labels.filter { !known.contains($0) }.map { label in
                label.components(separatedBy: separator).map(\.trimmingBlanks)
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
                reason: "\(joined.count) labels such as \"\(example)\" look like several in one",
                remedy: .separator(separator))
        }
    }
}

extension RowCollection {
    /// - Parameter known: labels that the task has already.
    /// - Throws: `DatasetError.doubtful` where rows are hardly what they were taken for.
    func checkPlausible(known: some Sequence<String> = []) throws(DatasetError) {
        let known = Set(known)
        for (index, origin) in origins.enumerated() {
            let end = index + 1 < origins.count ? origins[index + 1].first : rows.count
            try RowPlausibility(origin, rows[origin.first..<end], options: options, known: known).check()
        }
    }
}
