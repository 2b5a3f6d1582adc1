import FoundationEssentials

/// On which terms a challenger labels beside the champion. They are kept with the version: a pipeline file that changes
/// meanwhile, or that another daemon reads, does not change them.
public struct ShadowTerms: Sendable, Equatable, Codable {
    /// The retraining in which it won.
    public var retraining: Int64
    /// Digest of the champion that it labels beside.
    public var champion: String
    /// For how many seconds at least.
    public var seconds: Double
    /// The share of the labels that may change.
    public var changedLabels: Double
    /// How many texts at least.
    public var minimumTexts: Int
    /// Whether a person promotes it afterwards.
    public var awaitsApproval: Bool
    /// After how many seconds it ends without texts enough; nil: never, as in terms of an older Lorikeet.
    public var timeLimit: Double?

    /// - Parameters: as the properties.
    public init(
        retraining: Int64, champion: String, seconds: Double, changedLabels: Double, minimumTexts: Int,
        awaitsApproval: Bool = false, timeLimit: Double? = nil
    ) {
        (self.retraining, self.champion, self.seconds) = (retraining, champion, seconds)
        (self.changedLabels, self.minimumTexts) = (changedLabels, minimumTexts)
        (self.awaitsApproval, self.timeLimit) = (awaitsApproval, timeLimit)
    }

    private enum CodingKeys: String, CodingKey {
        case retraining, champion, seconds
        case changedLabels = "changed_labels"
        case minimumTexts = "minimum_texts"
        case awaitsApproval = "awaits_approval"
        case timeLimit = "time_limit"
    }

    /// Reads what ``json`` gave; nil if it is something else.
    public init?(json: String) {
        guard let terms = try? JSONDecoder().decode(ShadowTerms.self, from: Data(json.utf8)) else { return nil }
        self = terms
    }

    /// An object of JSON.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
