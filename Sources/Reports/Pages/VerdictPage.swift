import FoundationEssentials
import Retraining
import Training

/// The report of one retraining: the verdict, both adapters on the held-out rows, and what the gate found.
public struct VerdictPage {
    private let record: RetrainingRecord
    private let version: String

    /// - Parameter version: of the program.
    public init(record: RetrainingRecord, version: String) { (self.record, self.version) = (record, version) }

    private var findings: GateFindings? { record.report?.findings }

    /// The page.
    public var page: ReportPage {
        let verdict = record.verdict?.rawValue ?? "not ended"
        var page = ReportPage(
            title: "Retraining \(record.id) of \(record.task): \(verdict)", subtitle: record.reason ?? "No reason yet.")
        page.warnings = SettingsSection.warnings(record.report?.recipe)
        page.tiles = tiles
        page.sections = [comparison, precision, shadow, labels, recalls, missing].compactMap(\.self) + [rows, origin]
        if let recipe = record.report?.recipe, !recipe.choices.isEmpty {
            page.sections.append(SettingsSection.recipe(recipe))
        }
        page.footer = ReportPage.footer(version: version)
        return page
    }

    private var tiles: [ReportPage.Tile] {
        guard let report = record.report, let challenger = report.challenger else { return [] }
        var tiles: [ReportPage.Tile] = []
        func add(_ name: String, _ path: KeyPath<Evaluation, Double>) {
            if let champion = report.champion {
                tiles.append(
                    ReportPage.Tile(name: "\(name), champion", value: Figure.percent(champion[keyPath: path])))
                let difference = challenger[keyPath: path] - champion[keyPath: path]
                tiles.append(
                    ReportPage.Tile(
                        name: "\(name), challenger", value: Figure.percent(challenger[keyPath: path]),
                        note: "\(Figure.points(difference)) percentage points"))
            } else {
                tiles.append(
                    ReportPage.Tile(name: "\(name), challenger", value: Figure.percent(challenger[keyPath: path])))
            }
        }
        add("accuracy", \.accuracy)
        add("macro-F1", \.macroF1)
        return tiles
    }

    // MARK: - Sections

    /// Both adapters per held-out set.
    private var comparison: ReportPage.Section? {
        guard let findings else { return nil }
        let rows = ([findings.union] + findings.sets).map { set -> Markup in
            let p = set.macroF1P.map { "p \(Figure.probability($0))" } ?? "–"
            return """
                <tr><th scope="row">\(Self.name(set))</th><td class="n">\(set.rows)</td>\
                <td class="n">\(Figure.share(set.championAccuracy))</td>\
                <td class="n">\(Figure.share(set.challengerAccuracy))</td>\
                <td class="n">\(set.onlyChampion)</td><td class="n">\(set.onlyChallenger)</td>\
                <td class="n">p \(Figure.probability(set.errorsP))</td>\
                <td class="n">\(Figure.share(set.championMacroF1))</td>\
                <td class="n">\(Figure.share(set.challengerMacroF1))</td><td class="n">\(p)</td></tr>

                """
        }
        return ReportPage.Section(
            title: "Held-out rows",
            note: """
                The rule was \(findings.rule.rawValue), at level \(Figure.decimal(findings.level, 4)) in look \
                \(findings.look). p: of McNemar's test for errors, of a paired bootstrap for macro-F1.
                """,
            content: """
                <div class="scroll"><table><thead><tr><th>set</th><th class="n">rows</th>\
                <th class="n">accuracy, champion</th><th class="n">challenger</th>\
                <th class="n">only champion correct</th><th class="n">only challenger</th><th class="n">errors</th>\
                <th class="n">macro-F1, champion</th><th class="n">challenger</th><th class="n">macro-F1</th></tr>
                </thead>
                <tbody>
                \(Markup.joined(rows))</tbody></table></div>

                """)
    }

    /// The challenger over both precisions of the base.
    private var precision: ReportPage.Section? {
        guard let precision = record.report?.precision else { return nil }
        var list = DefinitionList()
        list.add("dtype", precision.dtype)
        if let figures = precision.figures {
            list.add("texts", figures.texts)
            list.add("labels that change", "\(figures.labelsChanged) (\(Figure.percent(figures.changedShare)))")
            list.add("at least, by the lower bound", Figure.percent(figures.changedLowerBound))
            if let accuracy = figures.accuracy {
                list.add("accuracy, float32", Figure.percent(accuracy.float32))
                list.add("accuracy, \(precision.dtype)", Figure.percent(accuracy.reduced))
                list.add("points lost at least, by the lower bound", Figure.points(accuracy.lostLowerBound))
            }
        }
        if !precision.finerLayers.isEmpty {
            list.add("layers that need a finer type", precision.finerLayers.joined(separator: "; "))
        }
        if let accepted = precision.accepted { list.add("accepted over", accepted) }
        return ReportPage.Section(
            title: "Precision", note: "\(precision.reason)", content: list.markup)
    }

    /// Both adapters on live texts.
    private var shadow: ReportPage.Section? {
        guard let shadow = record.report?.shadow else { return nil }
        var list = DefinitionList()
        list.add("won in retraining", String(shadow.terms.retraining))
        list.add("hours at least", Figure.decimal(shadow.terms.seconds / 3600, 1))
        list.add("texts at least", shadow.terms.minimumTexts)
        if let limit = shadow.terms.timeLimit { list.add("hours at most", Figure.decimal(limit / 3600, 1)) }
        list.add("labels that may change", Figure.percent(shadow.terms.changedLabels))
        if let comparison = shadow.comparison {
            list.add("texts", comparison.texts)
            list.add(
                "labels that change",
                "\(comparison.changed) of \(comparison.compared) (\(Figure.percent(comparison.changedShare)))")
            list.add("labels that change because the task's labels have changed", comparison.expected)
            list.add("agreement", comparison.agreement.map(Figure.percent) ?? "–")
            list.add("mean confidence, champion", Figure.share(comparison.championConfidence))
            list.add("mean confidence, challenger", Figure.share(comparison.challengerConfidence))
        }
        return ReportPage.Section(
            title: "Shadow", note: "Champion and challenger on live texts.", content: list.markup)
    }

    private static func name(_ set: GateFindings.Comparison) -> String {
        switch set.set {
        case .hash: "by hash" + (set.counts ? "" : " (too few to count)")
        case .newest: "newest" + (set.counts ? "" : " (too few to count)")
        case nil: "all that count"
        }
    }

    /// F1 of both per label, the largest fall first.
    private var labels: ReportPage.Section? {
        guard let challenger = record.report?.challenger else { return nil }
        let champion = record.report?.champion.map { evaluation in
            Dictionary(evaluation.perLabel.map { ($0.label, $0) }, uniquingKeysWith: { first, _ in first })
        }
        let figures = challenger.perLabel.map { ($0, champion?[$0.label]) }
        let sorted = figures.sorted { $0.0.f1 - ($0.1?.f1 ?? 0) < $1.0.f1 - ($1.1?.f1 ?? 0) }
        let rows = sorted.map { challenger, champion -> Markup in
            let difference = challenger.f1 - (champion?.f1 ?? 0)
            let direction: Markup = abs(difference) < 0.00005 ? .none : difference > 0 ? " up" : " down"
            return """
                <tr><th scope="row">\(challenger.label)</th>\
                <td class="n">\(champion.map { LabelTable.meter($0.f1) } ?? "–")</td>\
                <td class="n">\(LabelTable.meter(challenger.f1))</td>\
                <td class="n\(direction)">\(champion == nil ? "–" : Figure.points(difference))</td>\
                <td class="n">\(Figure.share(challenger.recall))</td><td class="n">\(challenger.support)</td></tr>

                """
        }
        let height: Markup = rows.count > 20 ? " tall" : .none
        return ReportPage.Section(
            title: "F1 per label",
            note: "The largest fall first. Differences are in percentage points.",
            content: """
                <div class="scroll\(height)"><table><thead><tr><th>label</th><th class="n">champion</th>\
                <th class="n">challenger</th><th class="n">difference</th><th class="n">recall, challenger</th>\
                <th class="n">support</th></tr></thead>
                <tbody>
                \(Markup.joined(rows))</tbody></table></div>

                """)
    }

    /// Labels whose recall may have fallen.
    private var recalls: ReportPage.Section? {
        let doubtful = findings?.labels.filter { $0.state != .kept } ?? []
        guard !doubtful.isEmpty else { return nil }
        var list = DefinitionList()
        for recall in doubtful {
            let figures = "\(Figure.share(recall.championRecall)) to \(Figure.share(recall.challengerRecall))"
            let test = "\(recall.lost) lost, \(recall.gained) gained, p \(Figure.probability(recall.fallP))"
            list.add(
                recall.labels.joined(separator: ", "),
                "recall \(figures) on \(Quantity.text(recall.rows, "row")); \(test)")
        }
        return ReportPage.Section(title: "Labels that may be forgotten", content: list.markup)
    }

    /// Labels that hold the promotion.
    private var missing: ReportPage.Section? {
        guard let missing = findings?.missingRows, !missing.isEmpty else { return nil }
        var list = DefinitionList()
        for (label, rows) in missing.sorted(by: { $0.key < $1.key }) { list.add(label, rows) }
        return ReportPage.Section(
            title: "Labels without rows to judge by", note: "Held-out rows that are missing.", content: list.markup)
    }

    private var rows: ReportPage.Section {
        var list = DefinitionList()
        if let rows = record.report?.rows {
            list.add("read", rows.read)
            list.add("to train on", rows.training)
            list.add("held out", rows.heldOut)
            list.add("of these the newest", rows.newest)
            list.add("left out: the champion was trained on them", rows.seen)
            list.add("unusable", rows.unusable)
            for (label, count) in (rows.unknownLabels ?? [:]).sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
                list.add("of these with the label \"\(label)\"", count)
            }
            if let corrected = rows.corrected { list.add("corrected by a newer row", corrected) }
            list.add("duplicates", rows.duplicates)
            list.add("texts with contradicting labels", rows.contradictory)
        } else {
            list.add("used", record.rowsUsed)
        }
        if let range = record.report?.trainingRange {
            list.add(
                "challenger trained on", "\(Quantity.text(range.rows, "row")), digest \(Figure.digest(range.digest))")
            if let oldest = range.oldestAt, let newest = range.newestAt {
                list.add("added", "\(oldest.formatted(.iso8601)) to \(newest.formatted(.iso8601))")
            }
        }
        if let distillation = record.report?.distillation {
            list.add(
                "distilled from the champion on",
                "\(Quantity.text(distillation.texts, "text")) without a label, weight \(distillation.weight), "
                    + "temperature \(distillation.temperature)")
        }
        return ReportPage.Section(title: "Rows", content: list.markup)
    }

    private var origin: ReportPage.Section {
        var list = DefinitionList()
        list.add("trigger", record.trigger.rawValue)
        list.add("started", record.startedAt.formatted(.iso8601))
        list.add("ended", record.finishedAt?.formatted(.iso8601) ?? "–")
        list.add("champion", record.champion.map(Figure.digest) ?? "–")
        list.add("challenger", record.challenger.map(Figure.digest) ?? "–")
        list.add("challenger's version", record.challengerVersion.map(String.init) ?? "–")
        list.add("judged", record.looks == 1 ? "once" : "\(record.looks) times")
        if let file = record.report?.pipelineFile { list.add("pipeline file", file) }
        if let labels = record.report?.labels { list.add("labels of the task", labels.joined(separator: ", ")) }
        return ReportPage.Section(title: "Retraining", content: list.markup)
    }
}
