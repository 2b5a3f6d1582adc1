import AdapterRegistry
import BERT
import FoundationEssentials
import Reports

/// How two versions of a task's adapter differ: labels, configuration, metrics, training rows and origin.
public struct AdapterDifference: Sendable {
    /// A property in which they differ.
    public struct Fact: Sendable, Equatable {
        /// The property's name.
        public let name: String
        /// Its value in the first version; nil where it has none.
        public let first: String?
        /// Its value in the second version.
        public let second: String?
    }

    /// The first version.
    public let first: AdapterVersion
    /// The second version.
    public let second: AdapterVersion
    /// Labels that only the second version has.
    public let addedLabels: [String]
    /// Labels that only the first version has.
    public let removedLabels: [String]
    /// Everything else in which they differ.
    public let facts: [Fact]

    /// Compares two versions.
    public init(
        first: AdapterVersion, _ firstManifest: AdapterManifest, second: AdapterVersion,
        _ secondManifest: AdapterManifest
    ) {
        (self.first, self.second) = (first, second)
        addedLabels = secondManifest.labels.filter { !firstManifest.labels.contains($0) }
        removedLabels = firstManifest.labels.filter { !secondManifest.labels.contains($0) }
        let pairs = [
            (Self.properties(first, firstManifest), Self.metrics(first)),
            (Self.properties(second, secondManifest), Self.metrics(second)),
        ]
        let properties = zip(pairs[0].0, pairs[1].0).map { Fact(name: $0.0, first: $0.1, second: $1.1) }
        let names = Set(pairs[0].1.keys).union(pairs[1].1.keys).sorted()
        let metrics = names.map { Fact(name: $0, first: pairs[0].1[$0], second: pairs[1].1[$0]) }
        facts = (properties + metrics).filter { $0.first != $0.second }
    }

    /// The same names in the same order for every version.
    private static func properties(
        _ version: AdapterVersion, _ manifest: AdapterManifest
    ) -> [(name: String, value: String?)] {
        let configuration = manifest.configuration
        let range = version.trainingRange
        return [
            ("state", version.state.rawValue), ("digest", Figure.digest(version.digest)),
            ("base", Figure.digest(version.baseDigest)), ("dtype", manifest.trainingDataType.rawValue),
            ("parent", version.parentDigest.map(Figure.digest)),
            ("created", version.createdAt.formatted(.iso8601)),
            ("promoted", version.promotedAt?.formatted(.iso8601)), ("promoted by", version.promotion?.by),
            ("promotion reason", version.promotion?.reason),
            ("multi-label", manifest.isMultiLabel ? "yes" : "no"),
            ("rank", "\(configuration.rank)"), ("alpha", Figure.plain(configuration.alpha)),
            ("dropout", Figure.plain(configuration.dropout)),
            ("targets", configuration.targetPattern ?? configuration.targets.joined(separator: ", ")),
            ("layers", configuration.layers?.map(String.init).joined(separator: ", ") ?? "all"),
            ("rsLoRA", configuration.useRSLoRA ? "yes" : "no"), ("DoRA", configuration.useDoRA ? "yes" : "no"),
            ("bias", configuration.bias.rawValue), ("tokens per text", manifest.maxTokens.map(String.init)),
            ("long texts", manifest.longTexts.map { "\($0)" }),
            ("temperature", manifest.temperature.map { Figure.decimal($0, 3) }),
            ("created by", manifest.createdBy), ("training rows", range.map { "\($0.rows)" }),
            ("rows digest", range.map { Figure.digest($0.digest) }),
            ("oldest row", range?.oldestAt?.formatted(.iso8601)), ("newest row", range?.newestAt?.formatted(.iso8601)),
        ]
    }

    private static func metrics(_ version: AdapterVersion) -> [String: String] {
        version.metrics.mapValues { $0 == $0.rounded() && abs($0) > 1 ? Figure.plain($0) : Figure.share($0) }
    }
}
