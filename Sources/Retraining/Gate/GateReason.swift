import Training

/// The sentences of a decision: what was found, in numbers, and what to do.
struct GateReason {
    let settings: GateSettings
    let evidence: GateEvidence
    let findings: GateFindings

    // MARK: - What cannot be judged

    var tooFewRows: String {
        let sets = findings.sets.map(rows).joined(separator: " and ")
        let verb = findings.sets.count == 1 ? Quantity.isOrAre(findings.sets[0].rows) : "are"
        return "\(sets.isEmpty ? "0 held-out rows" : sets) \(verb) too few, "
            + Quantity.required(settings.minimumHoldOut)
    }

    var unusableRows: String {
        let rows = evidence.rows
        let share = Double(rows.unusable) / Double(max(1, rows.read))
        return "\(share.percent) of the rows are unusable, at most \(settings.unusableRows.percent) may be; "
            + "correct their labels, or raise retrain.gate.unusable_rows"
    }

    /// Spellings by which a label loses more of its rows than its recall may fall.
    var misspelled: [GateEvidence.Misspelling] {
        evidence.misspellings.filter { Double($0.rows) > settings.labelFloor * Double($0.rows + $0.usable) }
    }

    var misspelledRows: String {
        let spellings = misspelled.prefix(5).map {
            "\"\($0.spelling)\" for \"\($0.label)\" in \($0.rows) of "
                + Quantity.text($0.rows + $0.usable, "row")
        }
        return "a label lost rows to another spelling (\(spellings.joined(separator: ", "))); correct these annotations"
    }

    /// Names the labels of the champion first: an adapter that forgets one does harm.
    var missingRows: String {
        let given = Set(evidence.championLabels).intersection(evidence.taskLabels)
        let unseen = findings.missingRows.filter { given.contains($0.key) }
        let new = findings.missingRows.filter { !given.contains($0.key) }
        var parts: [String] = []
        if !unseen.isEmpty {
            let have = unseen.count == 1 ? "has" : "have"
            parts.append(
                "\(unseen.count) of the champion's \(Quantity.text(given.count, "label")) \(have) no held-out row "
                    + "(\(Self.list(unseen)))"
            )
        }
        if !new.isEmpty {
            let have = new.count == 1 ? "label has" : "labels have"
            parts.append("\(new.count) new \(have) too few held-out rows (\(Self.list(new)))")
        }
        return parts.joined(separator: "; ") + "; add annotations with these labels"
    }

    static let unknownTrainingRows =
        "it is unknown which rows an adapter was trained on, so it may have been trained on the held-out rows; to "
        + "judge it all the same, set retrain.gate.unknown_training_rows: allow"

    // MARK: - What lost

    func forgets(_ recall: GateFindings.LabelRecall) -> String { "challenger forgets \(text(recall))" }

    func mayForget(_ recall: GateFindings.LabelRecall) -> String { "challenger may forget \(text(recall))" }

    func worse(_ comparison: GateFindings.Comparison) -> String {
        let margin = findings.rule == .notWorse ? " by more than the margin of \(settings.margin.figure)" : ""
        return "challenger is worse\(margin): \(figures(comparison))"
    }

    var notBetter: String {
        if findings.opponent == .mostFrequentLabel { return "challenger learned nothing: \(figures(findings.union))" }
        let union = findings.union
        let ties = union.onlyChallenger == union.onlyChampion && union.gainIsZero
        return "challenger \(ties ? "only ties" : "is not better"): \(figures(union))"
    }

    var tooSmall: String {
        "challenger is not good enough: \(figures(findings.union)); a gain of \(settings.minimumGain.figure) in "
            + "macro-F1 is required (retrain.minimum_gain)"
    }

    // MARK: - What is in doubt

    var withinChance: String {
        let figures = figures(findings.union)
        switch findings.rule {
        case .better:
            return
                "difference within chance: \(figures); p must be at most \(findings.level.figure) "
                + "(look \(findings.look))"
        case .notWorse:
            let union = findings.union
            let lowest = min(union.accuracyLowerBound, union.macroF1LowerBound ?? -1)
            return "challenger may be worse by more than the margin of \(settings.margin.figure), its lower bound is "
                + "\(lowest.figure): \(figures)"
        }
    }

    func disagreement(of set: GateFindings.Comparison) -> String {
        "the held-out sets disagree: \(figures(findings.union)), but \(figures(set))"
    }

    /// Labels of the champion, with rows enough, that the challenger never predicts; where no champion can be compared.
    var unlearned: [String] {
        let given = Set(evidence.championLabels)
        let shown = Set(findings.neverFound)
        return evidence.taskLabels.filter { given.contains($0) && shown.contains($0) }
    }

    var neverPredicts: String {
        "challenger never finds \(Self.list(unlearned)), which the live version of another base may find"
    }

    var nextLook: String { "it is judged again with new held-out rows" }

    // MARK: - What won

    var approval: String { "a person must promote it (retrain.gate.approve: person)" }

    var victory: String {
        let figures = figures(findings.union)
        guard findings.opponent == .champion else {
            let base = evidence.isFirst ? "" : " of this base; the live version belongs to another base"
            return "challenger is the first adapter\(base): \(figures)"
        }
        switch findings.rule {
        case .better: return "challenger takes over: \(figures)"
        case .notWorse:
            let changed = settings.rule == .better ? ", which is enough for a task whose labels have changed" : ""
            return "challenger takes over, not worse by more than \(settings.margin.figure)\(changed): \(figures)"
        }
    }

    /// What else a person should know, whatever the verdict.
    var remarks: [String] {
        var remarks: [String] = []
        if evidence.hasUnknownTrainingRows, settings.unknownTrainingRows == .allow {
            remarks.append(
                "an adapter may have been trained on the held-out rows (retrain.gate.unknown_training_rows: allow)")
        }
        let rare = findings.labels.first { $0.labels.count > 1 }
        if let rare {
            remarks.append(
                "labels with fewer than \(Quantity.text(settings.minimumPerLabel, "held-out row")) are judged "
                    + "together: " + Self.list(rare.labels))
        }
        if evidence.isFirst, !findings.neverFound.isEmpty {
            remarks.append("it never finds \(Self.list(findings.neverFound))")
        }
        if evidence.isFirst, findings.union.rows > 0 {
            let unseen = unseenLabels
            if !unseen.isEmpty { remarks.append("no held-out row has the label \(Self.list(unseen))") }
        }
        return remarks
    }

    private var unseenLabels: [String] {
        let shown = Set(evidence.sets.lazy.flatMap(\.truth).joined())
        return evidence.taskLabels.filter { !shown.contains($0) }
    }

    // MARK: - Figures

    /// Such as `macro-F1 0.9120 against the champion's 0.9050 on 214 held-out rows (p 0.21), 12 errors corrected and 9
    /// new (p 0.26)`.
    private func figures(_ comparison: GateFindings.Comparison) -> String {
        let mostFrequent = findings.opponent == .mostFrequentLabel
        let opponent = comparison.championMacroF1.figure
        let against =
            mostFrequent ? "\(opponent) of always predicting the most frequent label" : "the champion's \(opponent)"
        let p = comparison.macroF1P.map { " (p \($0.probability))" } ?? ""
        return "macro-F1 \(comparison.challengerMacroF1.figure) against \(against) on \(rows(comparison))\(p), "
            + "\(Quantity.text(comparison.onlyChallenger, "error")) corrected and \(comparison.onlyChampion) new "
            + "(p \(comparison.errorsP.probability))"
    }

    private func rows(_ comparison: GateFindings.Comparison) -> String {
        switch comparison.set {
        case .hash: Quantity.text(comparison.rows, "held-out row") + " chosen by hash"
        case .newest: Quantity.text(comparison.rows, "newest held-out row")
        case nil: Quantity.text(comparison.rows, "held-out row")
        }
    }

    private func text(_ recall: GateFindings.LabelRecall) -> String {
        "\(Self.list(recall.labels)): recall \(recall.challengerRecall.figure) against the champion's "
            + "\(recall.championRecall.figure) on \(Quantity.text(recall.rows, "held-out row")), "
            + "\(recall.lost) lost and \(recall.gained) gained (p \(recall.fallP.probability)); "
            + "at most \(settings.labelFloor.figure) may be lost"
    }

    /// The first ten labels, in quotes.
    private static func list(_ labels: [String]) -> String {
        labels.prefix(10).map { "\"\($0)\"" }.joined(separator: ", ") + (labels.count > 10 ? ", …" : "")
    }

    private static func list(_ missing: [String: Int]) -> String {
        let sorted = missing.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return sorted.prefix(10).map { "\"\($0.key)\": \($0.value) missing" }.joined(separator: ", ")
            + (missing.count > 10 ? ", …" : "")
    }
}

extension GateFindings.Comparison {
    /// Who predicts which rows correctly.
    var errors: McNemarTest { McNemarTest(onlyFirst: onlyChampion, onlySecond: onlyChallenger) }

    /// Both accuracies.
    var accuracies: PairedProportions {
        PairedProportions(rows: rows, onlyFirst: onlyChampion, onlySecond: onlyChallenger)
    }

    fileprivate var gainIsZero: Bool { abs(challengerMacroF1 - championMacroF1) < 1e-9 }
}

extension Double {
    /// With four decimals.
    fileprivate var figure: String {
        let places = Int((abs(self) * 10_000).rounded())
        let fraction = String(places % 10_000)
        let zeros = String(repeating: "0", count: 4 - fraction.count)
        return "\(self < 0 && places > 0 ? "-" : "")\(places / 10_000).\(zeros)\(fraction)"
    }

    /// With two significant digits, such as 0.21 or 0.0034.
    fileprivate var probability: String {
        guard self >= 0.0001 else { return "below 0.0001" }
        let scale = self < 0.001 ? 100_000.0 : self < 0.01 ? 10_000 : self < 0.1 ? 1_000 : 100
        return "\((self * scale).rounded() / scale)"
    }

    fileprivate var percent: String { "\((self * 1000).rounded() / 10) %" }
}
