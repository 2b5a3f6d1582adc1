import AdapterRegistry
import Drift

/// What the adapters of one snapshot say of one window of a text.
struct WindowResult: Sendable {
    /// What one adapter says.
    struct Answer: Sendable {
        var logits: [Float] = []
        /// From the centres of the labels.
        var distances = TextDistances()
    }

    /// What is said for one task.
    struct Reading: Sendable {
        let live: LiveAdapter
        let answer: Answer
        /// The challenger that labels beside it; nil: none.
        let shadow: (adapter: ShadowAdapter, answer: Answer)?
    }

    /// One per task that reads the window, in their order.
    let readings: [Reading]
}
