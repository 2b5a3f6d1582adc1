import Serving

/// A sink in memory: tables with the same keys as the real ones, scripted failures, and a gate that holds transactions
/// up.
public final class RecordingLabelSink: LabelSink {
    /// The key of a label row.
    public struct RowKey: Hashable, Sendable {
        /// Where the message came from.
        public var origin: Origin
        /// The message's timestamp.
        public var producedAt: Int64
        /// The task.
        public var task: String
    }

    /// What is stored, and how the sink behaves.
    public struct State: Sendable {
        /// Outcomes of each transaction that went through.
        public var transactions: [[Outcome]] = []
        /// Label rows by key.
        public var labels: [RowKey: TaskLabel] = [:]
        /// Rejected rows by origin.
        public var rejected: [Origin: Rejection] = [:]
        /// Calls, including those that failed.
        public var attempts = 0
        /// Errors of the next calls, one each.
        public var failures: [ConnectorError] = []
        /// Whether calls wait until ``release()``.
        public var isHeld = false
        /// Whether the sink was closed.
        public var isClosed = false

        /// Messages that have ended here.
        public var origins: Set<Origin> { Set(labels.keys.map(\.origin)).union(rejected.keys) }
    }

    /// The present state, which tests await.
    public let state = Watched(State())

    /// Empty.
    public init() {}

    /// The next calls fail with these errors, one each.
    public func fail(_ failures: [ConnectorError]) { state.update { $0.failures += failures } }

    /// Transactions wait from now on.
    public func hold() { state.update { $0.isHeld = true } }
    /// Lets calls through again.
    public func release() { state.update { $0.isHeld = false } }

    /// Waits until this number of messages has ended here.
    public func waitForMessages(_ count: Int) async { await state.wait { $0.origins.count >= count } }

    /// As the protocol says.
    public func store(_ outcomes: [Outcome]) async throws(ConnectorError) -> StoreReceipt {
        let failure = state.update { state in
            state.attempts += 1
            return state.failures.isEmpty ? nil : state.failures.removeFirst()
        }
        if let failure { throw failure }
        await state.wait { !$0.isHeld }
        return state.update { $0.store(outcomes) }
    }

    /// As the protocol says.
    public func close() async { state.update { $0.isClosed = true } }
}

extension RecordingLabelSink.State {
    fileprivate mutating func store(_ outcomes: [Outcome]) -> StoreReceipt {
        var receipt = StoreReceipt()
        for outcome in outcomes {
            switch outcome {
            case .labelled(let labelled):
                for label in labelled.labels {
                    let producedAt = labelled.message.producedAt ?? 0
                    labels[.init(origin: labelled.message.origin, producedAt: producedAt, task: label.task)] = label
                }
                receipt.labelled += 1
            case .rejected(let rejection):
                rejected[rejection.message.origin] = rejection
                receipt.rejected += 1
            case .dropped: break
            }
        }
        transactions.append(outcomes)
        return receipt
    }
}
