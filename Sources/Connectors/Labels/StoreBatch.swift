import Serving

/// What one transaction stores: each message once, in the same order in every daemon, so that two daemons that write
/// the same rows wait for each other instead of deadlocking.
struct StoreBatch {
    /// The identity of a message in the database.
    struct Key: Hashable {
        let origin: Origin
        let producedAt: Int64

        init(_ message: SourceMessage) {
            origin = message.origin
            producedAt = StorableTime.milliseconds(message.producedAt)
        }
    }

    private(set) var labelled: [LabelledMessage] = []
    private(set) var rejections: [Rejection] = []
    /// How often each message was given as labelled.
    private var labelledCounts: [Key: Int] = [:]
    private var rejectedCount = 0

    /// If a message was delivered again, its last outcome counts.
    init(_ outcomes: [Outcome]) {
        var last: [Key: Int] = [:]
        for (index, outcome) in outcomes.enumerated() { last[Key(outcome.message)] = index }
        for (index, outcome) in outcomes.enumerated() {
            let key = Key(outcome.message)
            let isLast = last[key] == index
            switch outcome {
            case .labelled(let message):
                labelledCounts[key, default: 0] += 1
                if isLast { labelled.append(message) }
            case .rejected(let rejection):
                rejectedCount += 1
                if isLast { rejections.append(rejection) }
            case .dropped: break
            }
        }
        labelled.sort { Self.precedes($0.message, $1.message) }
        rejections = Self.sorted(rejections)
    }

    var isEmpty: Bool { labelled.isEmpty && rejections.isEmpty }

    static func sorted(_ rejections: [Rejection]) -> [Rejection] {
        rejections.sorted { precedes($0.message, $1.message) }
    }

    /// Counts every outcome given, including superseded ones.
    func receipt(refused: [Rejection]) -> StoreReceipt {
        var refusedCounts: [String: Int] = [:]
        for rejection in refused {
            refusedCounts[rejection.cause, default: 0] += labelledCounts[Key(rejection.message)] ?? 0
        }
        let refusedCount = refusedCounts.values.reduce(0, +)
        let labelledCount = labelledCounts.values.reduce(0, +)
        return StoreReceipt(
            labelled: labelledCount - refusedCount, rejected: rejectedCount + refusedCount, refused: refusedCounts,
            refusals: refused)
    }

    private static func precedes(_ left: SourceMessage, _ right: SourceMessage) -> Bool {
        (left.origin.topic, left.origin.partition, left.origin.offset) < (
            right.origin.topic, right.origin.partition, right.origin.offset
        )
    }
}
