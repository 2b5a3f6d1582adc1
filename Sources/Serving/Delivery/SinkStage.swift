import Threading

/// Stage 7: stores finished messages, as many in one transaction as have gathered, and settles them in the ledger.
struct SinkStage: Sendable {
    let sink: any LabelSink
    let outcomes: OutcomeQueue
    let ledger: DeliveryLedger
    let telemetry: PipelineTelemetry
    let clock: Clock
    let limit: Int
    let backoff: BackoffSettings

    /// Runs until its task is cancelled. Throws only what no waiting can mend.
    func run() async throws(SinkError) {
        while true {
            let finished = await outcomes.next(limit: limit)
            guard !finished.isEmpty else { return }
            try await store(finished)
        }
    }

    /// Tries until everything that is still ours is stored, or the task is cancelled.
    private func store(_ finished: [FinishedText]) async throws(SinkError) {
        var waits = Backoff(backoff)
        while !Task.isCancelled {
            let current = ledger.current(of: finished)
            guard !current.isEmpty else { break }
            do {
                let start = clock.now()
                let receipt = try await sink.store(current.map(\.outcome))
                ledger.settle(current.map(\.ticket))
                telemetry.stored(current.map(\.outcome), receipt: receipt, took: clock.now() - start)
                break
            } catch {
                guard error.action == .retry else { throw error }
                telemetry.blocked(.sink, reason: error.reason, cause: error.cause)
            }
            do { try await clock.sleep(waits.next()) } catch { return }
        }
        telemetry.cleared(.sink)
    }
}
