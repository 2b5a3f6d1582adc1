import Training

/// The answers that were wrong with the highest scores. It shows texts: only where they were asked for.
struct MistakesSection {
    struct Mistake {
        let text: String
        let truth: String
        let predicted: String
        let score: Double
    }

    private let mistakes: [Mistake]
    private let wrong: Int
    private static let shown = 50
    private static let longest = 400

    init(rows: [LabelledText], predictions: [Prediction]) {
        let found = zip(rows, predictions).filter { Set($0.labels) != Set($1.labels) }.map {
            Mistake(
                text: $0.text, truth: $0.labels.joined(separator: ", "), predicted: $1.labels.joined(separator: ", "),
                score: $1.score)
        }
        wrong = found.count
        mistakes = Array(found.sorted { $0.score > $1.score }.prefix(Self.shown))
    }

    var section: ReportPage.Section {
        let rows = mistakes.map { mistake -> Markup in
            """
            <tr><td class="text">\(Self.cut(mistake.text))</td><td>\(mistake.truth)</td><td>\(mistake.predicted)</td>\
            <td class="n">\(Figure.decimal(mistake.score, 3))</td></tr>

            """
        }
        let content: Markup = """
            <div class="scroll"><table><thead><tr><th>text</th><th>truth</th><th>predicted</th><th class="n">score</th></tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table></div>

            """
        let note: Markup =
            "The \(mistakes.count) of \(wrong) wrong answers that the adapter was surest of: mistakes of it, or of the rows."
        return ReportPage.Section(
            title: "Worst mistakes", note: note, content: mistakes.isEmpty ? "<p>None.</p>" : content)
    }

    private static func cut(_ text: String) -> String { text.count > longest ? text.prefix(longest) + "…" : text }
}
