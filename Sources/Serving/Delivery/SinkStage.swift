import Threading

/// Stage 7: stores everything that has finished in one transaction, then settles it in the ledger.
struct SinkStage: Sendable {
    let sink: any LabelSink
    let outcomes: OutcomeQueue
    let ledger: DeliveryLedger
    let availability: AvailabilityMonitor
    let telemetry: PipelineTelemetry
    let clock: Clock
    let limit: Int
    /// Called after each transaction.
    let onStored: @Sendable () -> Void
    let backoff: BackoffSettings

    /// Runs until its task is cancelled.
    ///
    /// - Throws: only errors whose action is `.stop`.
    func run() async throws(ConnectorError) {
        while true {
            let finished = await outcomes.next(limit: limit)
            guard !finished.isEmpty else { return }
            try await store(finished)
        }
    }

    /// Retries until everything that is still ours is stored, or the task is cancelled.
    private func store(_ finished: [FinishedText]) async throws(ConnectorError) {
        var waits = Backoff(backoff)
        while !Task.isCancelled {
            let current = ledger.current(of: finished)
            // Another member stores them. Only another message can find out whether the sink is available.
            guard !current.isEmpty else { return availability.released(.sink) }
            do {
                let start = clock.now()
                let receipt = try await sink.store(current.map(\.outcome))
                ledger.settle(current.map(\.ticket))
                onStored()
                telemetry.stored(current, receipt: receipt, took: clock.now() - start)
                return availability.succeeded(.sink)
            } catch {
                guard error.action == .retry else { throw error }
                availability.failed(.sink, error)
            }
            do { try await clock.sleep(waits.next()) } catch { return }
        }
    }
}
