import BERT

/// The loss of a training: cross-entropy with class weights and label smoothing.
struct TrainingCriterion: Sendable {
    /// One per label; nil: all 1.
    var classWeights: [Float]?
    var labelSmoothing: Float = 0

    init() {}

    init(_ settings: TrainingSettings, _ rows: TrainingRows) throws(TrainingError) {
        labelSmoothing = settings.labelSmoothing
        switch settings.classWeighting {
        case .none: classWeights = nil
        case .balanced: classWeights = Self.balanced(rows)
        case .given(let weights):
            if let unknown = weights.keys.sorted().first(where: { !rows.labels.contains($0) }) {
                throw .invalidSetting("class_weights", reason: "there is no label \"\(unknown)\"")
            }
            classWeights = rows.labels.map { weights[$0] ?? 1 }
        }
    }

    private static func balanced(_ rows: TrainingRows) -> [Float] {
        var counts = [Int](repeating: 0, count: rows.labels.count)
        switch rows.targets {
        case .classes(let classes):
            for label in classes { counts[label] += 1 }
            let present = counts.count { $0 > 0 }
            return counts.map { $0 == 0 ? 1 : Float(classes.count) / Float(present * $0) }
        case .sets(let sets):
            for label in sets.joined() { counts[label] += 1 }
            return counts.map { $0 == 0 || $0 == sets.count ? 1 : Float(sets.count - $0) / Float($0) }
        }
    }

    /// What the summed loss of some rows is divided by to become a mean; never 0.
    func weight(of batch: some Sequence<Int>, _ targets: TextTargets) -> Double {
        var weight = 0.0
        for row in batch {
            if let classWeights, case .classes(let classes) = targets {
                weight += Double(classWeights[classes[row]])
            } else {
                weight += 1
            }
        }
        return weight > 0 ? weight : 1
    }
}
