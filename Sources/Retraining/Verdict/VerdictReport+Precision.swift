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
        /// Linear layers that would have to stay float32, the largest error first; empty where nothing is too lossy, or
        /// where no choice of layers helps enough.
        public var float32Layers: [String]
        /// What was found, for a person.
        public var reason: String

        /// Whether the challenger must not go live over this base.
        public var holds: Bool { figures.map { $0.verdict == .tooLossy } ?? true }

        private enum CodingKeys: String, CodingKey {
            case dtype, figures, reason
            case float32Layers = "float32_layers"
        }

        /// What a check found.
        init(_ fallback: PrecisionFallback, of precision: BasePrecision) {
            dtype = precision.description
            figures = fallback.given.first
            float32Layers = fallback.places.map(\.name)
            // `auto` is no remedy: it measures the live adapter, which a held challenger is not.
            reason = fallback.reason + (fallback.fellBack ? "; \(PrecisionFallback.remedy)" : "")
        }

        /// What could not be measured.
        init(unchecked reason: String, of precision: BasePrecision) {
            dtype = precision.description
            (figures, float32Layers) = (nil, [])
            self.reason = "what \(dtype) costs cannot be measured: \(reason); \(PrecisionFallback.remedy)"
        }
    }
}
