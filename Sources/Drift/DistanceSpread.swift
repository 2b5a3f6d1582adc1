/// How far texts of each label usually are from the nearest centre. It makes the distances of all labels comparable,
/// and says from which distance on a text is unlike all of them.
///
/// The distance from the nearest centre is the score of Lee, Lee, Lee and Shin ("A simple unified framework for
/// detecting out-of-distribution samples and adversarial attacks", 2018), with one scale per label in place of a
/// covariance, which a few hundred texts do not determine. The thresholds are those of Bates, Candès, Lei, Romano and
/// Sesia ("Testing for outliers with conformal p-values", 2023): whatever the distribution of the distances, a text
/// like those of the reference is beyond the threshold with no more than the required probability.
public struct DistanceSpread: Sendable, Equatable {
    /// Texts at the mean of all labels that count for each label besides its own, so that a label with few texts has
    /// nearly the common scale.
    static let commonTexts = 10.0

    /// [labels]: the mean distance of the texts next to the centre of each label.
    let scales: [Double]
    /// The relative distances of the reference's texts, ascending.
    private let relative: [Double]

    /// The spread of texts that the centres are not made of; nil without texts, or where all are on their centres.
    public init?(_ texts: [ReferenceCentres.Nearest], labels: Int) {
        let texts = texts.filter { (0..<labels).contains($0.label) && $0.distance.isFinite }
        var (sums, counts) = ([Double](repeating: 0, count: labels), [Double](repeating: 0, count: labels))
        for text in texts {
            sums[text.label] += Double(text.distance)
            counts[text.label] += 1
        }
        let common = sums.reduce(0, +) / Double(max(texts.count, 1)) * Self.commonTexts
        guard common > 0 else { return nil }
        scales = zip(sums, counts).map { (common + $0) / (Self.commonTexts + $1) }
        // Each by the scale of the others: a text must not make its own distance smaller.
        relative = texts.map { text in
            let distance = Double(text.distance)
            return distance * (Self.commonTexts + counts[text.label] - 1) / (common + sums[text.label] - distance)
        }.sorted()
    }

    /// The number of texts.
    public var texts: Int { relative.count }

    /// The distance in units of the mean distance of the label's texts: 1 is usual.
    public func relativeDistance(_ nearest: ReferenceCentres.Nearest) -> Double? {
        guard scales.indices.contains(nearest.label), nearest.distance.isFinite else { return nil }
        return Double(nearest.distance) / scales[nearest.label]
    }

    /// The relative distance that at most this share of texts exceeds which are like those of the reference.
    ///
    /// - Returns: nil where the reference has too few texts to promise that: 1 / share − 1 are required.
    public func distance(exceededBy share: Double) -> Double? {
        // The rank of split conformal prediction; a rounding error must not raise it.
        let rank = ((Double(relative.count) + 1) * (1 - share) - 1e-9).rounded(.up)
        guard rank >= 1, rank <= Double(relative.count) else { return nil }
        return relative[Int(rank) - 1]
    }
}

extension DistanceSpread: Codable {
    private enum CodingKeys: String, CodingKey {
        case scales
        case relative = "relative_distances"
    }

    /// Reads what was written.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        scales = try container.decode([Double].self, forKey: .scales)
        relative = try container.decode([Double].self, forKey: .relative)
        guard scales.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .scales, in: container, debugDescription: "must be distances above 0")
        }
        let isSorted = zip(relative, relative.dropFirst()).allSatisfy { $0 <= $1 }
        guard isSorted, relative.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .relative, in: container, debugDescription: "must be distances in ascending order")
        }
    }
}
