import BERT
import Glibc

/// Looks for signs that a training is lost or an adapter is poor.
struct TrainingWatch {
    private let settings: TrainingSettings
    private let rows: TrainingRows
    private let evaluator: Evaluator

    /// Before this share of the steps an adapter may give one label to all rows.
    private static let patience = 1.0 / 3
    /// After fewer steps one label for all rows is no collapse, but a training that has hardly begun.
    static let fewestSteps = 50
    /// The share of the predictions that one label gets when a training has collapsed.
    private static let collapse = 0.95
    /// By how much that is more than its share of the rows, at least. Where one label has most rows, an adapter that
    /// still learns gives it to all of them for a while; that other labels are missed is said anyway.
    private static let surplus = 0.25
    /// A label with fewer validation rows may be missed by chance.
    private static let fewestRows = 5
    /// By how much validation may be worse than training, besides two standard errors.
    private static let gap = 0.15
    /// A loss this many times the larger of that of the start and that of guessing has risen.
    private static let rise = 1.5

    init(settings: TrainingSettings, rows: TrainingRows, evaluator: Evaluator) {
        (self.settings, self.rows, self.evaluator) = (settings, rows, evaluator)
    }

    /// The findings after an epoch.
    ///
    /// - Parameters:
    ///   - start: the mean loss of the first steps.
    ///   - evaluation: on the validation rows; nil without any.
    ///   - adapter: gives the adapter, which is evaluated on training rows: where there are no validation rows, once
    ///     early and once at the end; else once after half of the steps, if validation rows may be far behind.
    func findings<Failure: Error>(
        after report: EpochReport, start: Double?, _ evaluation: Evaluation?, adapter: () throws(Failure) -> Adapter
    ) throws(Failure) -> [TrainingFinding] {
        let steps = settings.stepCount(rows: rows.exampleCount)
        let done = min(report.epoch * settings.stepsPerEpoch(rows: rows.exampleCount), steps)
        guard Double(done) >= Self.patience * Double(steps) else { return [] }
        var findings = Self.divergence(loss: report.loss, start: start, rows).map { [$0] } ?? []
        guard done >= Self.fewestSteps else { return findings }
        let before = done - settings.stepsPerEpoch(rows: rows.exampleCount)
        let isFirst = Double(before) < Self.patience * Double(steps)
        if let evaluation {
            findings += Self.collapse(evaluation).map { [$0] } ?? []
            func isLate(_ step: Int) -> Bool { 2 * step > steps && step >= Self.fewestSteps }
            let isLost = !findings.isEmpty
            let mayBeBehind = !evaluation.isMultiLabel && evaluation.accuracy < 1 - Self.gap
            if 2 * done > steps, !isLost { findings += Self.missed(evaluation).map { [$0] } ?? [] }
            if isLate(done), !isLate(before), !isLost, mayBeBehind {
                let training = self.evaluation(of: try adapter())
                findings += Self.gap(training: training, validation: evaluation).map { [$0] } ?? []
            }
        } else if isFirst || done >= steps {
            findings += Self.collapse(self.evaluation(of: try adapter())).map { [$0] } ?? []
        }
        return findings
    }

    /// The metrics of an adapter on some of the rows that it was trained on.
    func evaluation(of adapter: Adapter) -> Evaluation {
        let texts = EvenSample(of: rows.textCount, atMost: 500).places.map(rows.rows(ofText:))
        let pool = settings.longTexts?.pool ?? .mean
        let predictions = evaluator.predictions(count: texts.count, adapter: adapter, pool: pool) { text in
            EncodedText(texts[text].map { rows.sequences[$0] })
        }
        switch rows.targets.at(texts.map(\.lowerBound)) {
        case .classes(let classes):
            return Evaluation(
                truth: classes.map { rows.labels[$0] }, predicted: predictions.map(\.label), labels: rows.labels)
        case .sets(let sets):
            return Evaluation(
                truth: sets.map { $0.map { rows.labels[$0] } }, predicted: predictions.map(\.labels),
                labels: rows.labels)
        }
    }

    // MARK: - The signs

    /// Whether the loss of an epoch has risen. A start from an adapter may begin with a loss near 0, so that of
    /// guessing counts where it is larger.
    static func divergence(loss: Double, start: Double?, _ rows: TrainingRows) -> TrainingFinding? {
        guard let start else { return nil }
        let guess: Double =
            switch rows.targets {
            case .classes: log(Double(max(rows.labels.count, 2)))
            case .sets: log(2)
            }
        return loss > rise * max(start, guess) ? .diverged(loss: loss, start: start) : nil
    }

    /// Whether nearly all rows get the same label. A task whose texts have sets of labels has no such label.
    static func collapse(_ evaluation: Evaluation) -> TrainingFinding? {
        var predicted: [Int: Int] = [:]
        for cell in evaluation.confusedLabels { predicted[cell.predicted, default: 0] += cell.rows }
        let rows = predicted.values.reduce(0, +)
        guard rows > 0, let most = predicted.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return nil }
        let share = Double(evaluation.perLabel[most.key].support) / Double(rows)
        let given = Double(most.value) / Double(rows)
        guard given >= collapse, given - share >= surplus else { return nil }
        return .collapsed(label: evaluation.labels[most.key], predicted: given, share: share)
    }

    /// The labels that none of their rows gets.
    static func missed(_ evaluation: Evaluation) -> TrainingFinding? {
        let labels = evaluation.perLabel.filter { $0.support >= fewestRows && $0.recall == 0 }.map(\.label)
        return labels.isEmpty ? nil : .missed(labels: labels)
    }

    /// Whether an adapter repeats its rows. Two standard errors are left to chance.
    static func gap(training: Evaluation, validation: Evaluation) -> TrainingFinding? {
        let rows = validation.perLabel.reduce(0) { $0 + $1.support }
        guard rows > 0, !validation.isMultiLabel else { return nil }
        let accuracy = validation.accuracy
        let error = (accuracy * (1 - accuracy) / Double(rows)).squareRoot()
        guard training.accuracy - accuracy > gap + 2 * error else { return nil }
        return .overfitted(training: training.accuracy, validation: accuracy)
    }
}
