import BERT

/// The accuracy of an adapter on texts that it had labelled before a person annotated them, so that it cannot have been
/// trained on the annotations.
public struct MeasuredAccuracy: Sendable, Equatable {
    /// How the annotated texts came to be annotated.
    public enum Sample: String, Sendable, CaseIterable {
        /// By chance: the accuracy is that of the stream.
        case random
        /// For a reason, such as a low margin: the accuracy is mostly lower than that of the stream.
        case chosen
    }

    /// Texts with the same labels and the same annotation.
    public struct Group: Sendable, Equatable {
        /// What the adapter gave; of a single label, the best one even where the daemon abstained.
        public var given: [String]
        /// What the annotator said.
        public var annotated: [String]
        /// How the texts came to be annotated.
        public var sample: Sample
        /// How many.
        public var texts: Int

        /// - Parameters: as the properties.
        public init(given: [String], annotated: [String], sample: Sample, texts: Int) {
            (self.given, self.annotated, self.sample, self.texts) = (given, annotated, sample, texts)
        }
    }

    /// The number of texts.
    public let texts: Int
    /// The share of right labels; for sets of labels, of labels that are rightly given or not given.
    public let accuracy: Double
    /// The interval of Wilson ("Probable inference, the law of succession, and statistical inference", 1927) that
    /// holds the true accuracy with 95 % confidence if the texts are a random sample. For sets of labels it is wider
    /// than necessary.
    public let interval: ClosedRange<Double>

    /// - Parameters:
    ///   - groups: texts of one sample.
    ///   - labels: those of the adapter.
    ///   - mapping: what became of labels that the task once had.
    /// - Returns: nil without texts whose annotation still is a label.
    public init?(_ groups: [Group], labels: [String], mapping: LabelMapping, isMultiLabel: Bool) {
        var (texts, right) = (0, 0.0)
        let labelCount = Double(max(mapping.current(labels).count, 1))
        for group in groups where group.texts > 0 {
            let given = Set(mapping.current(group.given.map(LabelNames.cleaned)))
            let annotated = Set(mapping.current(group.annotated.map(LabelNames.cleaned)))
            if !isMultiLabel, annotated.isEmpty { continue }
            let agreement =
                isMultiLabel
                ? max(1 - Double(given.symmetricDifference(annotated).count) / labelCount, 0)
                : (given == annotated ? 1 : 0)
            texts += group.texts
            right += agreement * Double(group.texts)
        }
        guard texts > 0 else { return nil }
        self.texts = texts
        accuracy = right / Double(texts)
        interval = Self.wilson(accuracy, texts: Double(texts))
    }

    /// The accuracy on each sample that has texts.
    public static func bySample(
        _ groups: [Group], labels: [String], mapping: LabelMapping, isMultiLabel: Bool
    ) -> [Sample: MeasuredAccuracy] {
        Dictionary(grouping: groups, by: \.sample).compactMapValues {
            MeasuredAccuracy($0, labels: labels, mapping: mapping, isMultiLabel: isMultiLabel)
        }
    }

    private static func wilson(_ share: Double, texts: Double) -> ClosedRange<Double> {
        // 95 % of a normal distribution are within this many standard deviations.
        let z = 1.959_963_984_540_054
        let centre = share + z * z / (2 * texts)
        let half = z * (share * (1 - share) / texts + z * z / (4 * texts * texts)).squareRoot()
        let scale = 1 + z * z / texts
        return max((centre - half) / scale, 0)...min((centre + half) / scale, 1)
    }
}
