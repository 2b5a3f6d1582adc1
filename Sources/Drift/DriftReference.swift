import FoundationEssentials

/// What the texts of a task were like when its adapter went live: the reference that live texts are compared with.
public struct DriftReference: Sendable, Equatable, Codable {
    /// Which texts the profile is of.
    public enum Source: String, Sendable, Codable {
        /// Rows that the adapter was not trained on.
        case heldOut = "held_out"
        /// Stored texts of the stream, from before the adapter went live. It was not trained on them.
        case stored
        /// The first texts that the live adapter labelled.
        case live
    }

    /// The version of the format.
    public static let formatVersion = 1
    /// A profile of fewer texts says too little to compare others with it.
    public static let minimumTexts = 200

    private let version: Int
    /// The adapter that labelled the texts.
    public let adapterDigest: String
    /// Which texts the profile is of.
    public let source: Source
    /// How the texts fell into the bins.
    public let profile: TextProfile
    /// The centres of the labels.
    public let centres: ReferenceCentres
    /// What distances from the centres are usual; nil if an older program made the reference.
    public let spread: DistanceSpread?

    /// A reference in the present format.
    public init(
        adapterDigest: String, source: Source, profile: TextProfile, centres: ReferenceCentres,
        spread: DistanceSpread? = nil
    ) {
        version = Self.formatVersion
        (self.adapterDigest, self.source) = (adapterDigest, source)
        (self.profile, self.centres, self.spread) = (profile, centres, spread)
    }

    private enum CodingKeys: String, CodingKey {
        case version, source, profile, centres, spread
        case adapterDigest = "adapter_digest"
    }

    /// What is read of a reference that cannot be read as a whole.
    private struct Format: Decodable {
        var version: Int
    }

    /// Reads what ``json`` wrote.
    ///
    /// - Throws: for another format, damaged content, or the reference of another adapter.
    public init(json: [UInt8], adapterDigest: String, labels: Int) throws(DriftReferenceError) {
        let found: DriftReference
        do { found = try JSONDecoder().decode(DriftReference.self, from: Data(json)) } catch {
            // What a newer program wrote need not have the parts that are known here.
            let format = try? JSONDecoder().decode(Format.self, from: Data(json))
            guard let format, format.version > Self.formatVersion else { throw .unreadable }
            throw .unknownVersion(format.version)
        }
        guard found.version == Self.formatVersion else { throw .unknownVersion(found.version) }
        guard found.adapterDigest == adapterDigest, found.profile.labels == labels, found.centres.labels == labels,
            found.spread.map({ $0.scales.count == labels }) ?? true
        else { throw .anotherAdapter }
        self = found
    }

    /// The distance of a pooled vector from the nearest centre, where 1 is usual; nil where that is unknown.
    public func relativeDistance(_ vector: UnsafeBufferPointer<Float>) -> Double? {
        guard let spread else { return nil }
        return centres.nearest(vector).flatMap(spread.relativeDistance)
    }

    /// The reference as JSON with sorted keys.
    public var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding fails only for numbers that are not finite, which profiles and centres never hold.
        return (try? encoder.encode(self)).map(Array.init) ?? []
    }
}

/// Why a stored reference cannot be used.
public enum DriftReferenceError: Error, Equatable, CustomStringConvertible {
    /// It is no JSON of a reference.
    case unreadable
    /// A newer program wrote it.
    case unknownVersion(Int)
    /// It belongs to another adapter.
    case anotherAdapter
    /// Its profile is of so few texts.
    case tooFewTexts(Int)

    /// Whether a new reference may replace it. What a newer program wrote stays.
    public var isDamage: Bool {
        if case .unknownVersion = self { return false }
        return true
    }

    /// One clause.
    public var description: String {
        switch self {
        case .unreadable: "the drift reference is damaged"
        case .unknownVersion(let version): "the drift reference has the unknown version \(version)"
        case .anotherAdapter: "the drift reference belongs to another adapter"
        case .tooFewTexts(let texts):
            "the drift reference has \(texts) texts, and \(DriftReference.minimumTexts) are required"
        }
    }
}
