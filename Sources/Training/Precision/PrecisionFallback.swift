import BERT

/// The precision in which a base serves some adapters well: the given one, or one with its worst linear layers in a
/// finer type, or float32.
///
/// The search starts only if the given one is too lossy. It measures the error of each linear layer: the change of the
/// logits when only that layer is not float32. Then the layers fall back to the finer type one after the other, the
/// largest error first. A subject that failed has to show figures within the limits; that chance may explain the rest
/// is not enough for it any more.
public struct PrecisionFallback: Sendable {
    /// The base in the precision that was found.
    public let base: BERTBase
    /// What it costs each subject of the check; empty figures in float32.
    public let figures: [PrecisionFigures]
    /// What the given precision costs.
    public let given: [PrecisionFigures]
    /// The linear layers that fell back, the largest error first.
    public let places: [BasePrecision.Place]
    /// For a person.
    public let reason: String

    /// What to do where the given precision costs too much.
    public static let remedy = "set `dtype: float32` in the pipeline file"

    /// The precision that was found.
    public var precision: BasePrecision { base.precision }

    /// Whether the given precision was too lossy.
    public var fellBack: Bool { given.contains { $0.verdict == .tooLossy } }

    /// Checks the given precision, and searches if it is too lossy.
    ///
    /// - Parameters:
    ///   - reduced: the base of the check, in another type than float32.
    ///   - finer: gives the base whose layers replace those that cost too much; called only if some do.
    ///   - isOver: asked before each step of the search; once it says so, the answer is float32.
    /// - Throws: what `finer` throws, and `AdapterError` for an adapter of another base.
    public init(
        _ check: PrecisionCheck, reduced: BERTBase, finer: () throws -> BERTBase, isOver: () -> Bool = { false }
    ) throws {
        let type = reduced.dtype
        let given = try check.figures(reduced)
        self.given = given
        let failed = given.indices.filter { given[$0].verdict == .tooLossy }
        guard !failed.isEmpty else {
            (base, figures, places) = (reduced, given, [])
            reason = "\(type): " + Self.sentences(check, given)
            return
        }
        let costs = "\(type) costs too much: " + Self.sentences(check, given, failed)
        let order = try Self.worstFirst(check, reduced: reduced, isOver: isOver)
        let finer = try finer()
        var kept: [BasePrecision.Place] = []
        // With all of them in the finer type, nothing but the embeddings would be left.
        for place in order.dropLast() where !isOver() {
            kept.append(place)
            guard let mixed = BERTBase(reduced, keeping: Set(kept), of: finer) else { break }
            let figures = try check.figures(mixed)
            guard !figures.contains(where: { $0.verdict == .tooLossy }),
                failed.allSatisfy({ figures[$0].isWithinLimits })
            else { continue }
            (base, self.figures, places) = (mixed, figures, kept)
            reason =
                costs + "; with \(kept.map(\.name).joined(separator: "; ")) in \(finer.dtype): "
                + Self.sentences(check, figures, failed)
            return
        }
        (base, figures, places) = (check.float32, [], [])
        reason = costs + (isOver() ? "; the search took too long" : "; \(finer.dtype) layers do not help enough")
    }

    /// All linear layers of the reduced type, the largest error first.
    private static func worstFirst(
        _ check: PrecisionCheck, reduced: BERTBase, isOver: () -> Bool
    ) throws(AdapterError) -> [BasePrecision.Place] {
        let places = BasePrecision.places(layers: reduced.configuration.layers)
            .filter { reduced.precision.exceptions[$0] == nil }
        var errors: [(place: BasePrecision.Place, error: Double)] = []
        for place in places where !isOver() {
            guard let only = BERTBase(reduced, keeping: Set(places).subtracting([place]), of: check.float32) else {
                return []
            }
            errors.append((place, try check.logitError(only)))
        }
        // Of equal errors, the feed-forward output first: it usually has the largest outliers.
        func rank(_ place: BasePrecision.Place) -> Int { place.group == .output ? 0 : 1 }
        return errors.sorted { ($1.error, rank($0.place)) < ($0.error, rank($1.place)) }.map(\.place)
    }

    private static func sentences(
        _ check: PrecisionCheck, _ figures: [PrecisionFigures], _ places: [Int]? = nil
    ) -> String {
        (places ?? Array(figures.indices)).map { "\(check.subjects[$0].task): \(figures[$0].sentence)" }
            .joined(separator: "; ")
    }
}
