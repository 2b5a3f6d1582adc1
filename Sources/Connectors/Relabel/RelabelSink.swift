import Serving

/// What became of some rows.
public struct RelabelOutcome: Sendable {
    /// Relabelled; in a dry run, what would be.
    public var relabelled: [RelabelledRow] = []
    /// Rows that have been written or deleted since they were read. They are left as they are.
    public var overtaken = 0
    /// Rows that could not be relabelled, by reason. They are left as they are.
    public var failed: [String: Int] = [:]

    /// Nothing.
    public init() {}
}

/// Replaces the labels of stored texts, instead of storing those of a record.
///
/// A text that cannot be labelled keeps its rows: it has no record that could be rejected.
public actor RelabelSink: LabelSink {
    private let writer: PostgresRelabelWriter?
    private let inFlight: RelabelTextsInFlight
    private let note: @Sendable (RelabelOutcome) -> Void

    /// - Parameters:
    ///   - writer: nil: nothing is written.
    ///   - inFlight: knows the rows of each text.
    ///   - note: called after each transaction.
    public init(
        writer: PostgresRelabelWriter?, inFlight: RelabelTextsInFlight,
        note: @escaping @Sendable (RelabelOutcome) -> Void
    ) {
        (self.writer, self.inFlight, self.note) = (writer, inFlight, note)
    }

    /// Replaces the labels in one transaction.
    public func store(_ outcomes: [Outcome]) async throws(ConnectorError) -> StoreReceipt {
        var outcome = RelabelOutcome()
        var rows: [RelabelledRow] = []
        var receipt = StoreReceipt()
        for finished in outcomes {
            guard let text = inFlight.text(of: finished.message) else { continue }
            switch finished {
            case .labelled(let message):
                receipt.labelled += 1
                rows += text.relabelled(message)
            case .rejected(let rejection):
                receipt.rejected += 1
                outcome.failed[rejection.reason, default: 0] += text.rows.count
            case .dropped: break
            }
        }
        if let writer {
            let written = try await writer.write(rows)
            outcome.relabelled = written.relabelled
            outcome.failed.merge(written.failed, uniquingKeysWith: +)
            outcome.overtaken = written.overtaken
        } else {
            outcome.relabelled = rows
        }
        inFlight.remove(outcomes.map(\.message))
        note(outcome)
        return receipt
    }

    /// Closes the connection.
    public func close() async { await writer?.close() }
}

extension RelabelText {
    /// Each row with its task's label.
    fileprivate func relabelled(_ message: LabelledMessage) -> [RelabelledRow] {
        rows.compactMap { row in
            message.labels.first { $0.task == row.task }.map { label in
                RelabelledRow(
                    origin: origin, producedAt: producedAt, row: row, label: label, text: message.message.payload ?? [])
            }
        }
    }
}
