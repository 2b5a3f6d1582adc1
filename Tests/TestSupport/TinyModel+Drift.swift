import BERT
import Drift

extension TinyModel {
    /// The drift reference of an adapter over this model, measured on these texts.
    ///
    /// - Parameter heldOut: at least as many texts as a reference requires.
    public func driftReference(
        of adapter: Adapter, heldOut: [String] = (0..<300).map { "text number \($0)" }
    ) -> DriftReference? {
        let tokenizer = tokenizer
        let texts = ReferenceMeasurement.Texts(count: heldOut.count) { tokenizer.encode(heldOut[$0], maxTokens: 32) }
        return ReferenceMeasurement(base: base, workers: 1, unknownToken: tokenizer.unknownID)
            .reference(of: adapter, training: texts, heldOut: texts)
    }
}
