import BERT
import Glibc

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
        var counts = [Float](repeating: 0, count: rows.labels.count)
        func weight(_ row: Int) -> Float { rows.weights?[row] ?? 1 }
        let all = (0..<rows.targets.count).reduce(Float(0)) { $0 + weight($1) }
        switch rows.targets {
        case .classes(let classes):
            for (row, label) in classes.enumerated() { counts[label] += weight(row) }
            let present = Float(counts.count { $0 > 0 })
            return counts.map { $0 == 0 ? 1 : all / (present * $0) }
        case .sets(let sets):
            for (row, set) in sets.enumerated() {
                for label in set { counts[label] += weight(row) }
            }
            return counts.map { $0 == 0 || $0 >= all ? 1 : (all - $0) / $0 }
        }
    }

    /// The mean loss of who knows nothing but how often each label occurs: the entropy of the labels, under the class
    /// weights.
    func guess(_ rows: TrainingRows) -> Double {
        var counts = [Double](repeating: 0, count: rows.labels.count)
        for row in 0..<rows.targets.count {
            let share = Double(rows.weights?[row] ?? 1)
            switch rows.targets {
            case .classes(let classes): counts[classes[row]] += share * Double(classWeights?[classes[row]] ?? 1)
            case .sets(let sets): for label in sets[row] { counts[label] += share }
            }
        }
        func part(_ frequency: Double) -> Double { frequency > 0 ? -frequency * log(frequency) : 0 }
        switch rows.targets {
        case .classes:
            let all = counts.reduce(0, +)
            return counts.reduce(0) { $0 + part($1 / all) }
        case .sets:
            let all = (0..<rows.targets.count).reduce(0.0) { $0 + Double(rows.weights?[$1] ?? 1) }
            return counts.reduce(0) { $0 + part($1 / all) + part(1 - $1 / all) } / Double(max(counts.count, 1))
        }
    }

    /// What the summed loss of some examples is divided by to become a mean; never 0.
    func weight(of batch: some Sequence<Int>, _ rows: TrainingRows) -> Double {
        var weight = 0.0
        for example in batch {
            let share = Double(rows.weight(ofExample: example))
            if let classWeights, case .classes(let classes) = rows.targets {
                weight += share * Double(classWeights[classes[rows.rows(ofExample: example).lowerBound]])
            } else {
                weight += share
            }
        }
        return weight > 0 ? weight : 1
    }
}
