import Training

/// The confusion matrix of an evaluation: a table of counts for a few labels, a grid of small cells for many.
struct ConfusionMatrixChart {
    let evaluation: Evaluation
    private var labels: [String] { evaluation.labels }

    /// More labels than this have no room for numbers.
    private static let maximumTableLabels = 16
    private static let maximumConfusions = 20

    var markup: Markup {
        let matrix = labels.count <= Self.maximumTableLabels ? table : grid
        // Two labels can be confused in two ways only: the table shows both.
        guard labels.count > 2 else { return matrix }
        return matrix + confusionList
    }

    // MARK: - The most frequent confusions

    private var confusionList: Markup {
        let supports = supports
        func share(_ cell: Evaluation.ConfusionCell) -> Double { Double(cell.rows) / Double(supports[cell.truth]) }
        let confusions = evaluation.mistakes.sorted {
            ($1.rows, share($1), $0.truth, $0.predicted) < ($0.rows, share($0), $1.truth, $1.predicted)
        }
        guard !confusions.isEmpty else { return .none }
        let rows = confusions.prefix(Self.maximumConfusions).map { cell -> Markup in
            """
            <tr><th scope="row">\(labels[cell.truth])</th><td>\(labels[cell.predicted])</td>\
            <td class="n">\(cell.rows)</td><td class="n">\(Figure.decimal(100 * share(cell), 1)) %</td></tr>

            """
        }
        return """
            <h3 style="margin-top:18px">Most frequent confusions</h3>
            <div class="scroll"><table><thead><tr><th>true label</th><th>predicted label</th><th class="n">rows</th>\
            <th class="n">share of the true label</th></tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table></div>

            """
    }

    /// Rows per true label, at least 1: what counts are divided by.
    private var supports: [Int] { evaluation.perLabel.map { max($0.support, 1) } }

    // MARK: - Few labels

    private var table: Markup {
        let (counts, supports) = (evaluation.confusionMatrix, supports)
        let head = labels.map { label -> Markup in "<th scope=\"col\">\(label)</th>" }
        let rows = labels.indices.map { truth -> Markup in
            let cells = labels.indices.map { predicted in
                tableCell(counts[truth][predicted], of: supports[truth], isCorrect: truth == predicted)
            }
            return "<tr><th scope=\"row\">\(labels[truth])</th>\(Markup.joined(cells))</tr>\n"
        }
        return """
            <div class="scroll"><table class="matrix"><thead><tr><th>true ↓ &nbsp; predicted →</th>\
            \(Markup.joined(head))</tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table></div>

            """
    }

    private func tableCell(_ count: Int, of support: Int, isCorrect: Bool) -> Markup {
        let share = Double(count) / Double(support)
        // Rare mistakes must still show.
        let shade = count == 0 ? 0 : isCorrect ? 0.12 + 0.78 * share : 0.15 + 0.75 * share.squareRoot()
        let tone: Markup = isCorrect ? "right" : "wrong"
        let strength: Markup = shade > 0.55 ? " strong" : .none
        return """
            <td class="\(tone)\(strength)" style="--shade:\(Markup.text(Figure.decimal(shade, 2)))" \
            title="\(Figure.decimal(100 * share, 1)) %">\(count)</td>
            """
    }

    // MARK: - Many labels

    /// Names are in titles, which a pointer shows, and in the list of confusions.
    private var grid: Markup {
        let side = 600.0 / Double(labels.count)
        // Smaller cells would vanish on paper.
        let size = Figure.decimal(max(side, 2.5), 2)
        let supports = supports
        let cells = evaluation.confusedLabels.map { cell -> Markup in
            let share = Double(cell.rows) / Double(supports[cell.truth])
            let isCorrect = cell.truth == cell.predicted
            let opacity = isCorrect ? 0.15 + 0.85 * share : min(0.45 + 0.55 * share.squareRoot(), 1)
            let kind: Markup = isCorrect ? "cell-right" : "cell-wrong"
            let (x, y) = (Double(cell.predicted) * side, Double(cell.truth) * side)
            return """
                <rect class="\(kind)" opacity="\(Figure.decimal(opacity, 2))" x="\(Figure.decimal(x, 2))" \
                y="\(Figure.decimal(y, 2))" width="\(size)" height="\(size)">\
                <title>\(labels[cell.truth]) → \(labels[cell.predicted]): \(cell.rows)</title></rect>

                """
        }
        return """
            <figure class="dense">
            <svg viewBox="-24 0 626 626" role="img" aria-label="confusion matrix of \(labels.count) labels">
            <rect class="field" x="0" y="0" width="600" height="600"/>
            \(Markup.joined(cells))<text x="300" y="619" text-anchor="middle">predicted label →</text>
            <text x="-8" y="300" text-anchor="middle" transform="rotate(-90 -8 300)">← true label</text>
            </svg>
            <figcaption>One cell per pair of the \(labels.count) labels, in the order of the adapter, from the top \
            left. Blue: correct. Orange: confused.</figcaption>
            </figure>

            """
    }
}
