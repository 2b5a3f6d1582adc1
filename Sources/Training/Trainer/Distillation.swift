import BERT
import Files
import Glibc

/// Holds an adapter in training to a teacher, on texts that nobody labelled: learning without forgetting (Li and Hoiem
/// 2016).
///
/// The teacher's labels are never taken for the truth. What counts is the whole distribution that it gives a text, at a
/// temperature (Hinton et al. 2015). It is computed once, from calibrated logits: a teacher with the temperature 0.1 is
/// surer than its raw logits say. A label that the teacher does not know has no target.
public struct Distillation: Sendable {
    /// How strongly, and how softly.
    public struct Settings: Sendable, Equatable {
        /// The factor of the divergence from the teacher, beside the loss of the labelled rows.
        public var weight: Double
        /// What logits are divided by on both sides; above 1, unlikely labels count more.
        public var temperature: Double

        /// - Parameters: as the properties.
        public init(weight: Double = 4, temperature: Double = 2) {
            (self.weight, self.temperature) = (weight, temperature)
        }
    }

    /// The texts.
    public let texts: [String]
    /// The labels that have a target.
    public let labels: [String]
    /// Whether each label is independent of the others.
    public let isMultiLabel: Bool
    /// How strongly, and how softly.
    public let settings: Settings
    /// What the teacher gives the labels of each text, [texts, labels].
    let probabilities: [Float]

    /// Asks the teacher. It blocks the calling thread.
    ///
    /// A text whose best label the mapping retires, or the task does not have, is left out.
    ///
    /// - Parameters:
    ///   - labels: those of the adapter in training.
    ///   - mapping: what became of the teacher's labels. Of merged labels, the probabilities are added; in a
    ///     multi-label task, the highest counts.
    /// - Returns: nil if there is nothing to hold to: no text, or too few labels that both know.
    public init?(
        texts: [String], teacher: Adapter, labels: [String], mapping: LabelMapping = LabelMapping(),
        settings: Settings, evaluator: Evaluator
    ) {
        let fitted = Float(teacher.manifest.temperature ?? 1)
        let logits = evaluator.predictions(texts: texts, adapter: teacher).map { $0.logits.map { $0 / fitted } }
        self.init(
            texts: texts, logits: logits, of: teacher.labels, isMultiLabel: teacher.manifest.isMultiLabel,
            labels: labels, mapping: mapping, settings: settings)
    }

    /// - Parameters:
    ///   - logits: the teacher's, per text, calibrated.
    ///   - known: the teacher's labels.
    init?(
        texts: [String], logits: [[Float]], of known: [String], isMultiLabel: Bool, labels: [String],
        mapping: LabelMapping, settings: Settings
    ) {
        let present = Set(labels)
        let groups = mapping.groups(of: known).filter { present.contains($0.label) }
        // The share of one label among one is always 1.
        guard groups.count >= (isMultiLabel ? 1 : 2) else { return nil }
        let kept = Set(groups.flatMap(\.places))
        var used: [String] = []
        var probabilities: [Float] = []
        for (text, logits) in zip(texts, logits) {
            guard let best = logits.indices.max(by: { logits[$0] < logits[$1] }), logits.allSatisfy(\.isFinite),
                isMultiLabel || kept.contains(best)
            else { continue }
            used.append(text)
            let z = logits.map { Double($0) / settings.temperature }
            probabilities += (isMultiLabel ? Self.sigmoids(z, groups) : Self.shares(z, groups)).map { Float($0) }
        }
        guard !used.isEmpty else { return nil }
        (self.texts, self.labels, self.isMultiLabel) = (used, groups.map(\.label), isMultiLabel)
        (self.settings, self.probabilities) = (settings, probabilities)
    }

    /// Softmax over the labels of all groups, added within each.
    private static func shares(_ z: [Double], _ groups: [LabelMapping.Group]) -> [Double] {
        let highest = groups.flatMap { $0.places.map { z[$0] } }.max() ?? 0
        let masses = groups.map { $0.places.reduce(0) { $0 + exp(z[$1] - highest) } }
        let sum = masses.reduce(0, +)
        return masses.map { $0 / sum }
    }

    private static func sigmoids(_ z: [Double], _ groups: [LabelMapping.Group]) -> [Double] {
        groups.map { group in 1 / (1 + exp(-(group.places.map { z[$0] }.max() ?? 0))) }
    }

    /// The targets for an adapter with these labels; nil if it lacks one of them.
    func targets(labels all: [String]) -> SoftTargets? {
        let places = labels.compactMap(all.firstIndex)
        guard places.count == labels.count else { return nil }
        return SoftTargets(
            places: places, temperature: Float(settings.temperature), isMultiLabel: isMultiLabel,
            probabilities: probabilities)
    }

    /// SHA-256 over all of it, in hexadecimal.
    var digest: String {
        var hash = SHA256()
        hash.update("\(settings.weight) \(settings.temperature) \(isMultiLabel)".utf8)
        for part in labels + texts {
            withUnsafeBytes(of: UInt64(part.utf8.count).littleEndian) { hash.update($0) }
            hash.update(part.utf8)
        }
        for value in probabilities { withUnsafeBytes(of: value.bitPattern.littleEndian) { hash.update($0) } }
        return hash.finalize().hexadecimal
    }
}
