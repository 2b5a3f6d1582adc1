import Training

/// Precision, recall and F1 per label, the lowest F1 first.
struct LabelTable {
    let figures: [Evaluation.LabelFigures]

    private var hasThresholds: Bool { figures.contains { $0.threshold != nil } }

    var markup: Markup {
        let sorted = figures.enumerated()
            .sorted { ($0.element.f1, $0.offset) < ($1.element.f1, $1.offset) }
            .map(\.element)
        let rows = sorted.map { figures -> Markup in
            """
            <tr><th scope="row">\(figures.label)</th><td class="n">\(Figure.share(figures.precision))</td>\
            <td class="n">\(Figure.share(figures.recall))</td><td class="n">\(Self.meter(figures.f1))</td>\
            <td class="n">\(figures.support)</td>\(threshold(figures))</tr>

            """
        }
        let heading: Markup = hasThresholds ? "<th class=\"n\">threshold</th>" : .none
        let height: Markup = figures.count > 20 ? " tall" : .none
        return """
            <div class="scroll\(height)"><table><thead><tr><th>label</th><th class="n">precision</th>\
            <th class="n">recall</th><th class="n">F1</th><th class="n">support</th>\(heading)</tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table></div>

            """
    }

    /// In a multi-label task, the score from which the label holds.
    private func threshold(_ figures: Evaluation.LabelFigures) -> Markup {
        hasThresholds ? "<td class=\"n\">\(Figure.share(figures.threshold))</td>" : .none
    }

    /// A share as a number and a bar.
    static func meter(_ share: Double) -> Markup {
        let width = Figure.decimal(100 * min(max(share, 0), 1), 1)
        return
            "<span class=\"meter\"><b><i style=\"width:\(Markup.text(width))%\"></i></b>\(Figure.share(share))</span>"
    }
}
