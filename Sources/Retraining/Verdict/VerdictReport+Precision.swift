import BERT
import Training

extension VerdictReport {
    /// What the precision of the base costs a challenger that won.
    public struct Precision: Sendable, Codable, Equatable {
        /// The precision of the base, as ``BasePrecision`` describes it: `int8`, or
        /// `int8+float32:3.output`.
        public var dtype: String
        /// The challenger over this base and over the base in float32, on the held-out rows; nil where that could not
        /// be measured.
        public var figures: PrecisionFigures?
        /// Linear layers that have to be in a finer type, the largest error first; empty where nothing is too lossy, or
        /// where no choice of layers helps enough.
        public var finerLayers: [String]
        /// The types over which the challenger is accepted in place of ``dtype``, which costs it too much: the daemons
        /// fall back to them when it goes live. Nil: none.
        public var accepted: String?
        /// What was found, for a person.
        public var reason: String

        /// Whether the challenger must not go live over this base.
        public var holds: Bool { accepted == nil && figures.map { $0.verdict == .tooLossy } ?? true }

        private enum CodingKeys: String, CodingKey {
            case dtype, figures, accepted, reason
            // As older reports have it.
            case finerLayers = "float32_layers"
        }

        /// What a check found.
        ///
        /// - Parameter fallsBack: whether the challenger is accepted over the precision that was found.
        init(_ fallback: PrecisionFallback, of precision: BasePrecision, fallsBack: Bool) {
            dtype = precision.description
            figures = fallback.given.first
            finerLayers = fallback.places.map(\.name)
            let found = fallback.precision.description
            accepted = fallback.fellBack && fallsBack ? found : nil
            let remedy = fallsBack ? "the base falls back to \(found) for it" : PrecisionFallback.remedy
            reason = fallback.reason + (fallback.fellBack ? "; \(remedy)" : "")
        }

        /// What could not be measured.
        init(unchecked reason: String, of precision: BasePrecision) {
            dtype = precision.description
            (figures, finerLayers, accepted) = (nil, [], nil)
            self.reason = "what \(dtype) costs cannot be measured: \(reason); \(PrecisionFallback.remedy)"
        }
    }
}
