import Training

/// The wrong predictions with the highest scores. It shows texts, so it is left out unless they were requested.
struct MistakesSection {
    private struct Mistake {
        let text: String
        let truth: String
        let predicted: String
        let score: Double
    }

    private let mistakes: [Mistake]
    private let wrongRows: Int
    private static let maximumMistakes = 50

    init(rows: [LabelledText], predictions: [Prediction]) {
        let found = zip(rows, predictions).filter { Set($0.labels) != Set($1.labels) }.map {
            Mistake(
                text: $0.text, truth: $0.labels.joined(separator: ", "), predicted: $1.labels.joined(separator: ", "),
                score: $1.score)
        }
        wrongRows = found.count
        mistakes = Array(found.sorted { $0.score > $1.score }.prefix(Self.maximumMistakes))
    }

    var section: ReportPage.Section {
        let rows = mistakes.map { mistake -> Markup in
            """
            <tr><td class="text">\(Markup.shortened(mistake.text))</td><td>\(mistake.truth)</td>\
            <td>\(mistake.predicted)</td><td class="n">\(Figure.decimal(mistake.score, 3))</td></tr>

            """
        }
        let table: Markup = """
            <div class="scroll"><table><thead><tr><th>text</th><th>true label</th><th>predicted label</th>\
            <th class="n">score</th></tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table></div>

            """
        return ReportPage.Section(
            title: "Worst mistakes",
            note: """
                The \(mistakes.count) of \(wrongRows) wrong predictions with the highest scores. Either the adapter is \
                wrong, or the row's label is.
                """,
            content: mistakes.isEmpty ? "<p>None.</p>" : table)
    }
}
