import BERT
import Daemon
import Foundation
import Training

/// The page of a training and the adapter that came of it.
struct TrainingPage {
    let name: String
    let candidate: AdapterCandidate
    let base: BERTBase
    let settings: TrainingSettings
    let training: [LabelledText]
    let validation: [LabelledText]
    /// What was found in the rows as they came.
    let findings: [String]
    /// Of the validation rows.
    let predictions: [Prediction]
    /// Shows texts: only where they were asked for.
    let showsTexts: Bool
    /// Wall time of everything.
    let seconds: Double

    var page: ReportPage {
        let labels = candidate.adapter.labels.count
        var page = ReportPage(
            title: name, subtitle: "An adapter of \(labels) labels, trained on \(training.count) rows and measured on \(validation.count).")
        if let divergence = candidate.divergence {
            page.warnings.append(
                "The loss was no number at batch \(divergence.batch) of epoch \(divergence.epoch): this is the adapter from before. Try a lower "
                    + "rate, a longer warm-up or stronger clipping.")
        }
        let answers = candidate.evaluation.map { AnswerSections(evaluation: $0, rows: validation.count, rowsName: "validation rows") }
        let scores = ScoreFigures(rows: validation, predictions: predictions, adapter: candidate.adapter).map(ScoreSections.init)
        page.tiles = (answers?.tiles ?? []) + (scores.map { [$0.tile] } ?? []) + tiles
        page.sections = TrainingSections(epochs: candidate.epochs, curve: candidate.curve).sections + (answers?.sections ?? [])
        page.sections += scores?.sections ?? []
        page.sections.append(rows)
        if showsTexts { page.sections.append(MistakesSection(rows: validation, predictions: predictions).section) }
        page.sections.append(SettingsSection.settings(settings))
        page.sections.append(SettingsSection.adapter(candidate.adapter, base: base))
        page.footer = "lorikeet \(LorikeetVersion.current), \(ReportPage.time(Date()))"
        return page
    }

    private var tiles: [ReportPage.Tile] {
        let texts = candidate.epochs.reduce(0) { $0 + $1.documentsPerSecond * $1.seconds }
        let steps = candidate.epochs.reduce(0) { $0 + $1.seconds }
        return [
            ReportPage.Tile(name: "loss", value: Figure.decimal(candidate.epochs.last?.loss, 4), note: "last epoch, mean a text"),
            ReportPage.Tile(
                name: "time", value: Figure.clock(seconds),
                note: "\(Figure.decimal(texts / max(steps, 1e-9), 0)) texts a second in training"),
        ]
    }

    private var rows: ReportPage.Section {
        var list = PairList()
        list.add("rows to learn from", training.count)
        list.add("validation rows", validation.count)
        let found = findings.map { finding -> Markup in "<li>\(finding)</li>\n" }
        let notes: Markup = found.isEmpty ? .none : "<ul>\n\(Markup.joined(found))</ul>\n"
        let (learnt, measured) = (Self.counts(training), Self.counts(validation))
        let labels = Set(learnt.keys).union(measured.keys).sorted { (learnt[$0] ?? 0, $1) > (learnt[$1] ?? 0, $0) }
        let most = Double(max(learnt.values.max() ?? 1, 1))
        let lines = labels.map { label -> Markup in
            let share = Figure.decimal(100 * Double(learnt[label] ?? 0) / most, 1)
            return """
                <tr><th scope="row">\(label)</th><td class="n"><span class="meter"><b><i style="width:\(Markup.text(share))%"></i></b>\
                \(learnt[label] ?? 0)</span></td><td class="n">\(measured[label] ?? 0)</td></tr>

                """
        }
        let height: Markup = labels.count > 20 ? " tall" : .none
        return ReportPage.Section(
            title: "Rows",
            content: """
                \(list.markup)\(notes)<div class="scroll\(height)"><table><thead><tr><th>label</th><th class="n">to learn from</th>\
                <th class="n">validation</th></tr></thead>
                <tbody>
                \(Markup.joined(lines))</tbody></table></div>

                """)
    }

    private static func counts(_ rows: [LabelledText]) -> [String: Int] {
        var counts: [String: Int] = [:]
        for label in rows.flatMap(\.labels) { counts[label, default: 0] += 1 }
        return counts
    }
}
