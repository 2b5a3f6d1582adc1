import BERT

/// What the precision of a base costs one adapter, on texts with labels or without.
public struct PrecisionFigures: Sendable, Codable, Equatable {
    /// What the texts say of the precision.
    public enum Verdict: String, Sendable, Codable {
        /// The loss is within the limits, or chance explains it.
        case ok
        /// It is beyond a limit, and chance does not explain that.
        case tooLossy = "too_lossy"
        /// There are too few texts to say.
        case tooFewTexts = "too_few_texts"
    }

    /// The accuracies, where the texts have labels.
    public struct Accuracies: Sendable, Codable, Equatable {
        /// Over the base in float32.
        public var float32: Double
        /// Over the base in the other type.
        public var reduced: Double
        /// The lower confidence bound of the accuracy that is lost (Tango's score interval).
        public var lostLowerBound: Double

        /// The accuracy that is lost; negative where it is gained.
        public var lost: Double { float32 - reduced }

        private enum CodingKeys: String, CodingKey {
            case float32, reduced
            case lostLowerBound = "lost_lower_bound"
        }
    }

    /// Number of texts.
    public var texts: Int
    /// Texts whose label, or set of labels, changes.
    public var labelsChanged: Int
    /// The lower confidence bound of their share (the same interval).
    public var changedLowerBound: Double
    /// Nil where the texts have no labels.
    public var accuracy: Accuracies?
    /// What the texts say.
    public var verdict: Verdict
    /// Whether the figures themselves, not only their lower bounds, are within the limits.
    public var isWithinLimits: Bool

    /// The share of texts whose label changes; 0 without texts.
    public var changedShare: Double { texts == 0 ? 0 : Double(labelsChanged) / Double(texts) }

    private enum CodingKeys: String, CodingKey {
        case texts, accuracy, verdict
        case labelsChanged = "labels_changed"
        case changedLowerBound = "changed_lower_bound"
        case isWithinLimits = "within_limits"
    }

    /// Compares an adapter's labels over the base in float32 with those over the base in another type.
    ///
    /// - Parameters:
    ///   - truth: the labels of each text; nil if they are unknown.
    ///   - float32: the adapter's labels of each text, over the base in float32.
    ///   - reduced: the same over the base in the other type.
    public init(
        truth: [[String]]?, float32: [[String]], reduced: [[String]], limits: PrecisionLimits = PrecisionLimits()
    ) {
        texts = min(float32.count, reduced.count)
        labelsChanged = zip(float32, reduced).count { Set($0) != Set($1) }
        // The labels over float32 taken as the truth: no text is right in the other type only.
        let changes = PairedProportions(rows: texts, onlyFirst: 0, onlySecond: labelsChanged)
        changedLowerBound = max(0, changes.lowerBound(level: limits.level))
        if let truth {
            let cells = PairedCells(truth: truth, first: float32, second: reduced)
            let agreement = cells.agreement
            let rows = Double(max(cells.rows, 1))
            let losses = PairedProportions(
                rows: cells.rows, onlyFirst: agreement.onlySecond, onlySecond: agreement.onlyFirst)
            accuracy = Accuracies(
                float32: Double(agreement.both + agreement.onlyFirst) / rows,
                reduced: Double(agreement.both + agreement.onlySecond) / rows,
                lostLowerBound: losses.lowerBound(level: limits.level))
        }
        let (lost, bound) = accuracy.map { ($0.lost, $0.lostLowerBound) } ?? (0, 0)
        let share = texts == 0 ? 0 : Double(labelsChanged) / Double(texts)
        isWithinLimits = lost <= limits.accuracyLost && share <= limits.labelsChanged
        verdict =
            texts < limits.minimumTexts
            ? .tooFewTexts
            : bound > limits.accuracyLost || changedLowerBound > limits.labelsChanged ? .tooLossy : .ok
    }
}

extension PrecisionFigures {
    /// The figures in words, such as `12 of 400 labels change (3.0 %), accuracy falls from 91.25 % to 90.5 %`.
    ///
    /// The last part says what is in doubt.
    public var sentence: String {
        var sentence = "\(labelsChanged) of \(texts) labels change (\(Self.percent(changedShare)))"
        if let accuracy {
            let (before, after) = (Self.percent(accuracy.float32), Self.percent(accuracy.reduced))
            sentence +=
                accuracy.lost > 0
                ? ", accuracy falls from \(before) to \(after)"
                : accuracy.lost < 0 ? ", accuracy rises from \(before) to \(after)" : ", accuracy stays \(before)"
        }
        switch verdict {
        case .ok: return sentence
        case .tooFewTexts: return sentence + "; these are too few texts to judge by"
        case .tooLossy: return sentence + "; chance does not explain that"
        }
    }

    private static func percent(_ share: Double) -> String { "\((share * 10_000).rounded() / 100) %" }
}
