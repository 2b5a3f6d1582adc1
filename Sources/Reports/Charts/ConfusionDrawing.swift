import Training

/// Which labels are taken for which: a table of counts for a few labels, a field of small cells for many.
struct ConfusionDrawing {
    let evaluation: Evaluation
    private var labels: [String] { evaluation.labels }

    /// More labels than this have no room for numbers.
    private static let widestTable = 16
    private static let mistakesShown = 20

    var markup: Markup {
        let drawing = labels.count <= Self.widestTable ? table : field
        let list = mistakes
        guard !list.isEmpty, labels.count > 2 else { return drawing }
        let rows = list.prefix(Self.mistakesShown).map { mistake -> Markup in
            """
            <tr><th scope="row">\(labels[mistake.truth])</th><td>\(labels[mistake.predicted])</td><td class="n">\(mistake.count)</td>\
            <td class="n">\(Figure.decimal(100 * mistake.share, 1)) %</td></tr>

            """
        }
        return drawing + """
            <h3 style="margin-top:18px">Most often confused</h3>
            <div class="scroll"><table><thead><tr><th>truth</th><th>predicted</th><th class="n">rows</th><th class="n">of the label</th></tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table></div>

            """
    }

    private struct Mistake {
        let truth: Int
        let predicted: Int
        let count: Int
        let share: Double
    }

    private var mistakes: [Mistake] {
        let supports = supports
        let found = evaluation.mistakes.map {
            Mistake(
                truth: $0.truth, predicted: $0.predicted, count: $0.rows,
                share: Double($0.rows) / Double(supports[$0.truth]))
        }
        return found.sorted {
            ($1.count, $1.share, $0.truth, $0.predicted) < ($0.count, $0.share, $1.truth, $1.predicted)
        }
    }

    /// Rows of each label, 1 where there is none.
    private var supports: [Int] { evaluation.perLabel.map { max($0.support, 1) } }

    // MARK: - Few labels

    private var table: Markup {
        let (counts, supports) = (evaluation.confusionMatrix, supports)
        let head = labels.map { label -> Markup in "<th scope=\"col\">\(label)</th>" }
        let rows = labels.indices.map { truth -> Markup in
            let cells = labels.indices.map { predicted in
                cell(counts[truth][predicted], of: supports[truth], isRight: truth == predicted)
            }
            return "<tr><th scope=\"row\">\(labels[truth])</th>\(Markup.joined(cells))</tr>\n"
        }
        return """
            <div class="scroll"><table class="matrix"><thead><tr><th>truth ↓ &nbsp; predicted →</th>\(Markup.joined(head))</tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table></div>

            """
    }

    private func cell(_ count: Int, of support: Int, isRight: Bool) -> Markup {
        let share = Double(count) / Double(support)
        // Rare mistakes must still show.
        let shade = count == 0 ? 0 : isRight ? 0.12 + 0.78 * share : 0.15 + 0.75 * share.squareRoot()
        let tone: Markup = isRight ? "right" : "wrong"
        let strength: Markup = shade > 0.55 ? " strong" : .none
        let percent = Figure.decimal(100 * share, 1)
        return
            "<td class=\"\(tone)\(strength)\" style=\"--shade:\(Markup.text(Figure.decimal(shade, 2)))\" title=\"\(percent) %\">\(count)</td>"
    }

    // MARK: - Many labels

    /// A cell of the field is one pair of labels; names are in titles, which a pointer shows, and in the table below.
    private var field: Markup {
        let side = 600.0 / Double(labels.count)
        // Smaller cells than two thirds of a pixel would vanish on paper.
        let size = Figure.decimal(max(side, 2.5), 2)
        let supports = supports
        let drawn = evaluation.confusedLabels.map { cell -> Markup in
            let share = Double(cell.rows) / Double(supports[cell.truth])
            let isRight = cell.truth == cell.predicted
            let opacity = isRight ? 0.15 + 0.85 * share : min(0.45 + 0.55 * share.squareRoot(), 1)
            let kind: Markup = isRight ? "cell-right" : "cell-wrong"
            return """
                <rect class="\(kind)" opacity="\(Figure.decimal(opacity, 2))" x="\(Figure.decimal(Double(cell.predicted) * side, 2))" \
                y="\(Figure.decimal(Double(cell.truth) * side, 2))" width="\(size)" height="\(size)"><title>\(labels[cell.truth]) → \
                \(labels[cell.predicted]): \(cell.rows)</title></rect>

                """
        }
        return """
            <figure class="dense">
            <svg viewBox="-24 0 626 626" role="img" aria-label="confusion of \(labels.count) labels">
            <rect class="field" x="0" y="0" width="600" height="600"/>
            \(Markup.joined(drawn))<text x="300" y="619" text-anchor="middle">predicted →</text>
            <text x="-8" y="300" text-anchor="middle" transform="rotate(-90 -8 300)">← truth</text>
            </svg>
            <figcaption>One cell for each pair of the \(labels.count) labels, in the adapter's order, from the top left. Blue: right; orange: wrong.</figcaption>
            </figure>

            """
    }
}
