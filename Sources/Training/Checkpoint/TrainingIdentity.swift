import BERT
import Files
import FoundationEssentials

/// What identifies a training: two trainings of the same identity give the same bits.
public struct TrainingIdentity: Sendable, Codable, Equatable {
    /// With the number of workers filled in, since it decides the order of sums.
    var settings: TrainingSettings
    var labels: [String]
    var base: String
    /// The types in which the base computes; nil: float32.
    var precision: String?
    /// Digest of the training rows in their order.
    var training: String
    /// Digest of the validation rows in their order.
    var validation: String
    /// Digest of the adapter that it started from; nil: from scratch.
    var start: String?
    /// Digest of the texts and of what a teacher makes of them; nil: there is no teacher.
    var distillation: String?

    private static let float32 = DataType.float32.rawValue

    /// The identity of a training that has not run.
    public init(
        settings: TrainingSettings, labels: [String], base: BERTBase, training: [LabelledText],
        validation: [LabelledText], start: Adapter?, distillation: Distillation? = nil
    ) {
        self.settings = Self.essence(of: settings)
        self.labels = labels
        self.base = base.digest
        self.precision = base.precision == .float32 ? nil : "\(base.precision)"
        self.training = Self.digest(training)
        self.validation = Self.digest(validation)
        self.start = start?.digest
        self.distillation = distillation?.digest
    }

    /// The same training with other settings.
    func with(_ other: TrainingSettings) -> TrainingIdentity {
        var identity = self
        identity.settings = Self.essence(of: other)
        return identity
    }

    /// What of the settings decides the bits: not who chose them.
    private static func essence(of settings: TrainingSettings) -> TrainingSettings {
        var essence = settings
        essence.workers = settings.workerCount
        (essence.recipe, essence.given) = (.fixed, [])
        return essence
    }

    /// SHA-256 over all of it, in hexadecimal.
    ///
    /// - Parameter condition: hashed with it.
    public func digest(with condition: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var hash = SHA256()
        if let content = try? encoder.encode(self) { hash.update(Array(content)) }
        hash.update(condition.utf8)
        return hash.finalize().hexadecimal
    }

    private static func digest(_ rows: [LabelledText]) -> String {
        var hash = SHA256()
        for row in rows {
            withUnsafeBytes(of: UInt64(row.labels.count).littleEndian) { hash.update($0) }
            for part in row.labels + [row.text] {
                // With lengths first, no two lists of rows give the same bytes.
                withUnsafeBytes(of: UInt64(part.utf8.count).littleEndian) { hash.update($0) }
                hash.update(part.utf8)
            }
        }
        return hash.finalize().hexadecimal
    }

    /// What differs from an earlier training, in words. Settings come with both values; texts never appear.
    func differences(from earlier: TrainingIdentity) -> [String] {
        var found = settingsThatDiffer(from: earlier.settings)
        if labels != earlier.labels { found.append("the labels") }
        if base != earlier.base { found.append("the base") }
        if precision != earlier.precision {
            found.append("dtype (\(earlier.precision ?? Self.float32) then, \(precision ?? Self.float32) now)")
        }
        if training != earlier.training { found.append("the training rows") }
        if validation != earlier.validation { found.append("the validation rows") }
        if start != earlier.start { found.append("the adapter to start from") }
        if distillation != earlier.distillation { found.append("the distillation") }
        return found
    }

    private func settingsThatDiffer(from earlier: TrainingSettings) -> [String] {
        var found: [String] = []
        func compare(_ name: String, _ text: (TrainingSettings) -> String?) {
            let (then, now) = (text(earlier) ?? "none", text(settings) ?? "none")
            if then != now { found.append("\(name) (\(then) then, \(now) now)") }
        }
        for parameter in Hyperparameter.all { compare(parameter.key, parameter.text) }
        compare("max_tokens") { "\($0.maxTokens)" }
        compare("long_texts") { $0.longTexts.map { "\($0)" } }
        compare("multi_label") { "\($0.isMultiLabel)" }
        compare("precision") { "\($0.precisions)" }
        return found.isEmpty && settings != earlier ? ["settings"] : found
    }
}
