import AdapterRegistry
import Retraining

/// The labels of challengers in shadow, as a test says they are.
public final class InMemoryShadowLabels: ShadowLabelSource {
    private let state = Watched((seconds: 0.0, comparison: ShadowComparison()))

    /// Without texts.
    public init() {}

    /// Lets time pass and texts be labelled, `changed` of them with another label and `expected` with a new one.
    public func label(_ texts: Int, changed: Int = 0, expected: Int = 0, after seconds: Double) {
        state.update { state in
            state.seconds += seconds
            for index in 0..<texts {
                let change: ShadowChange = index < changed ? .changed : index < changed + expected ? .expected : .none
                state.comparison.add(change, championScore: 0.75, challengerScore: 0.875)
            }
        }
    }

    /// As the protocol says.
    public func progress(of version: AdapterVersion) async throws -> ShadowProgress {
        ShadowProgress(seconds: state.value.seconds, texts: state.value.comparison.texts)
    }

    /// As the protocol says.
    public func comparison(of version: AdapterVersion) async throws -> ShadowComparison { state.value.comparison }
}
