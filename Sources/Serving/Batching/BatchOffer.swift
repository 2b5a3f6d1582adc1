import AdapterRegistry

/// A pipeline's word that a batch is due. The worker that gets it takes the batch, which is cut only then.
struct BatchOffer: Sendable {
    /// The batch; empty if it has gone in the meantime (to another worker, or given back in a rebalance).
    let take: @Sendable () -> [PreparedText]
    let liveAdapters: LiveAdapters
    /// What became of every text of the batch, and how long it took.
    let finish: @Sendable ([FinishedText], Duration) -> Void
}
