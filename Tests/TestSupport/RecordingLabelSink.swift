import Serving

/// A sink in memory: a table with the same key as the real one, failures on order, and a gate that holds transactions up.
public final class RecordingLabelSink: LabelSink {
    public struct RowKey: Hashable, Sendable {
        public var origin: Origin
        public var producedAt: Int64
        public var task: String
    }

    public struct State: Sendable {
        /// Outcomes of each transaction that went through.
        public var transactions: [[Outcome]] = []
        public var labels: [RowKey: TaskLabel] = [:]
        public var rejected: [Origin: Rejection] = [:]
        /// Calls, those that failed included.
        public var attempts = 0
        public var failures: [ConnectorError] = []
        public var isHeld = false
        public var isClosed = false

        /// Messages that have ended here.
        public var origins: Set<Origin> { Set(labels.keys.map(\.origin)).union(rejected.keys) }
    }

    public let state = Watched(State())

    public init() {}

    /// The next calls fail so, one after another.
    public func fail(_ failures: [ConnectorError]) { state.update { $0.failures += failures } }

    /// Transactions wait from now on.
    public func hold() { state.update { $0.isHeld = true } }
    public func release() { state.update { $0.isHeld = false } }

    /// Waits until so many messages have ended here.
    public func waitForMessages(_ count: Int) async { await state.wait { $0.origins.count >= count } }

    public func store(_ outcomes: [Outcome]) async throws(ConnectorError) -> StoreReceipt {
        let failure = state.update { state in
            state.attempts += 1
            return state.failures.isEmpty ? nil : state.failures.removeFirst()
        }
        if let failure { throw failure }
        await state.wait { !$0.isHeld }
        return state.update { $0.store(outcomes) }
    }

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
