import Foundation

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
