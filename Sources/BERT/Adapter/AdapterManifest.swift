import FoundationEssentials

/// What an adapter is, without its weights: PEFT's configuration and what PEFT does not save.
///
/// On disk its configuration is `adapter_config.json`, the rest `lorikeet.json`; in a registry it is one JSON value.
public struct AdapterManifest: Sendable, Equatable, Codable {
    /// Names of the classes, in the order of the head's rows.
    public var labels: [String]
    /// Digest of the base it was trained over; nil where PEFT trained it.
    public var baseDigest: String?
    public var configuration: LoRAConfiguration
    /// The task it was trained for.
    public var task: String?
    /// Texts were cut after so many tokens in training.
    public var maxTokens: Int?
    /// Program and version that made it.
    public var createdBy: String?
    /// Logits are divided by it before softmax or sigmoid; nil is 1.
    public var temperature: Double?
    /// How well scores said how often they are right, on the rows that the temperature was fitted on.
    public var calibration: CalibrationFigures?
    /// Whether each label holds or not by itself; nil is false: a text has one label.
    public var multiLabel: Bool?
    /// Of a multi-label task for each label the score from which it holds; nil is 0.5 for all.
    public var thresholds: [Double]?
    /// For some precisions the score below which to abstain, by rising precision.
    public var abstention: [AbstentionThreshold]?

    /// Whether a text has a set of labels.
    public var isMultiLabel: Bool { multiLabel ?? false }

    public init(
        labels: [String], baseDigest: String? = nil, configuration: LoRAConfiguration, task: String? = nil,
        maxTokens: Int? = nil,
        createdBy: String? = nil, temperature: Double? = nil, isMultiLabel: Bool = false
    ) {
        multiLabel = isMultiLabel ? true : nil
        self.labels = labels
        self.baseDigest = baseDigest
        self.configuration = configuration
        self.task = task
        self.maxTokens = maxTokens
        self.createdBy = createdBy
        self.temperature = temperature
    }

    private enum CodingKeys: String, CodingKey {
        case labels, configuration, task, temperature, calibration, thresholds, abstention
        case multiLabel = "multi_label"
        case baseDigest = "base_digest"
        case maxTokens = "max_tokens"
        case createdBy = "created_by"
    }

    /// The manifest as JSON with sorted keys: the same manifest gives the same bytes.
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

/// How far scores were from the share of right answers, on the rows that the temperature was fitted on.
public struct CalibrationFigures: Sendable, Codable, Equatable {
    /// Expected calibration error at temperature 1.
    public var errorBefore: Double
    /// The same at the fitted temperature.
    public var errorAfter: Double
    /// Validation rows.
    public var rows: Int

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
        if let figures = calibration, !(figures.errorBefore.isFinite && figures.errorAfter.isFinite) {
            throw .invalidConfiguration(key: "calibration", reason: "must be finite numbers")
        }
        try configuration.check()
    }

    /// The lowest threshold known to give labels of this precision; nil where none is known to.
    public func abstention(forPrecision precision: Double) -> AbstentionThreshold? {
        (abstention ?? []).filter { $0.precision >= precision }.max { $0.coverage < $1.coverage }
    }
}
