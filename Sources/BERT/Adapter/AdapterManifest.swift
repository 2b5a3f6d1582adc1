import FoundationEssentials

/// An adapter without its weights: PEFT's configuration and what PEFT does not save.
///
/// In a folder, the configuration is `adapter_config.json` and the rest `lorikeet.json`; in the registry, the manifest
/// is one JSON value.
public struct AdapterManifest: Sendable, Equatable, Codable {
    /// The labels, in the order of the head's rows.
    public var labels: [String]
    /// The digest of the base that it was trained over; nil if PEFT trained it.
    public var baseDigest: String?
    /// The type in which the base computed when it was trained; nil stands for float32.
    public var dataType: DataType?
    /// The LoRA configuration.
    public var configuration: LoRAConfiguration
    /// The task it was trained for.
    public var task: String?
    /// The number of tokens after which training cut texts.
    public var maxTokens: Int?
    /// How training read texts longer than a window; nil: it cut them.
    public var longTexts: LongTexts?
    /// The program that made it, with its version.
    public var createdBy: String?
    /// Logits are divided by this before softmax or sigmoid; nil stands for 1.
    public var temperature: Double?
    /// The calibration error before and after the temperature was fitted.
    public var calibration: CalibrationFigures?
    /// Whether a text has a set of labels instead of one; nil stands for false.
    public var multiLabel: Bool?
    /// The score from which each label of a multi-label task holds; nil stands for 0.5.
    public var thresholds: [Double]?
    /// Abstention thresholds by rising precision.
    public var abstention: [AbstentionThreshold]?

    /// The type in which the base computed when it was trained.
    public var trainingDataType: DataType { dataType ?? .float32 }

    /// Whether a text has a set of labels.
    public var isMultiLabel: Bool { multiLabel ?? false }

    /// A manifest without figures of an evaluation.
    public init(
        labels: [String], baseDigest: String? = nil, dataType: DataType = .float32, configuration: LoRAConfiguration,
        task: String? = nil, maxTokens: Int? = nil, longTexts: LongTexts? = nil,
        createdBy: String? = nil, temperature: Double? = nil, isMultiLabel: Bool = false
    ) {
        multiLabel = isMultiLabel ? true : nil
        self.labels = labels
        self.baseDigest = baseDigest
        self.dataType = dataType == .float32 ? nil : dataType
        self.configuration = configuration
        self.task = task
        self.maxTokens = maxTokens
        self.longTexts = longTexts
        self.createdBy = createdBy
        self.temperature = temperature
    }

    private enum CodingKeys: String, CodingKey {
        case labels, configuration, task, temperature, calibration, thresholds, abstention
        case multiLabel = "multi_label"
        case baseDigest = "base_digest"
        case dataType = "dtype"
        case maxTokens = "max_tokens"
        case longTexts = "long_texts"
        case createdBy = "created_by"
    }

    /// The manifest as JSON with sorted keys. Equal manifests give equal bytes.
    public var canonicalJSON: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding fails only for numbers that are not finite, which an adapter's init refuses.
        return (try? encoder.encode(self)).map(Array.init) ?? []
    }

    /// Reads what `canonicalJSON` wrote.
    public init(json: [UInt8]) throws(AdapterError) {
        try AdapterError.parse(json, file: "manifest")
        do {
            self = try JSONDecoder().decode(AdapterManifest.self, from: Data(json))
        } catch {
            throw AdapterError(decoding: error, file: "manifest")
        }
    }
}

/// How far scores are from the share of right answers, on the validation rows that the temperature was fitted to.
public struct CalibrationFigures: Sendable, Codable, Equatable {
    /// The expected calibration error at temperature 1.
    public var errorBefore: Double
    /// The expected calibration error at the fitted temperature.
    public var errorAfter: Double
    /// The number of validation rows.
    public var rows: Int

    /// These figures.
    public init(errorBefore: Double, errorAfter: Double, rows: Int) {
        self.errorBefore = errorBefore
        self.errorAfter = errorAfter
        self.rows = rows
    }

    private enum CodingKeys: String, CodingKey {
        case rows
        case errorBefore = "error_before"
        case errorAfter = "error_after"
    }
}

extension AdapterManifest {
    /// Refuses labels and numbers that no adapter can have.
    func check() throws(AdapterError) {
        guard !labels.isEmpty else { throw .invalidLabels(reason: "there are none") }
        guard !labels.contains("") else { throw .invalidLabels(reason: "one is empty") }
        guard Set(labels).count == labels.count else { throw .invalidLabels(reason: "two are equal") }
        if let temperature = temperature, !(temperature.isFinite && temperature > 0) {
            throw .invalidConfiguration(key: "temperature", reason: "must be positive")
        }
        if let thresholds = thresholds,
            thresholds.count != labels.count || !thresholds.allSatisfy((0...1).contains)
        {
            throw .invalidConfiguration(key: "thresholds", reason: "must be one number from 0 to 1 for each label")
        }
        if let points = abstention, !points.allSatisfy(\.isValid) {
            throw .invalidConfiguration(key: "abstention", reason: "must be shares from 0 to 1")
        }
        if let (key, reason) = longTexts?.problem {
            throw .invalidConfiguration(key: "long_texts.\(key)", reason: reason)
        }
        if let figures = calibration, !(figures.errorBefore.isFinite && figures.errorAfter.isFinite) {
            throw .invalidConfiguration(key: "calibration", reason: "must be finite numbers")
        }
        try configuration.check()
    }

    /// The threshold with the highest coverage among those that give this precision; nil if none does.
    public func abstention(forPrecision precision: Double) -> AbstentionThreshold? {
        (abstention ?? []).filter { $0.precision >= precision }.max { $0.coverage < $1.coverage }
    }
}
