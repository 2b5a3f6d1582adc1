import AdapterRegistry
import Synchronization

/// A text between intake and worker: one sequence, or the windows of a long text.
///
/// Its windows may be in several batches, of several workers. All of them see the live adapters of the moment when the
/// first was classified, and whoever adds the last result finishes the text.
final class PreparedText: Sendable {
    /// A sequence of the text.
    struct Window: Sendable {
        /// `[CLS]` … `[SEP]`.
        let tokens: [Int32]
        /// The number of `[UNK]` among them.
        let unknownTokens: Int
        /// The characters of the text that it holds; nil for a whole or cut text.
        let characters: Range<Int>?
        /// Places of the tasks that read it.
        var tasks: [Int]
    }

    let ticket: DeliveryTracker.Ticket
    let message: SourceMessage
    /// `nil` if the pipeline does not store texts.
    let text: String?
    /// The text for open taps; `nil` if there was none when it was received.
    let tappedText: String?
    let tasks: [TaskDefinition]
    /// For each task the tokens of the whole text; nil where the task reads it as one sequence.
    let longTextTokens: [Int?]
    let windows: [Window]
    /// When it was received, by the pipeline's clock.
    let receivedAt: Duration

    // MARK: - Mutable State (guarded by `progress`)

    private struct Progress {
        /// Of the first batch that has one of its windows; nil before and after.
        var snapshot: LiveSnapshot?
        var results: [WindowResult?]
        var missing: Int
        var hasFinished = false

        mutating func finish() {
            (hasFinished, snapshot, results) = (true, nil, [])
        }
    }

    private let progress: Mutex<Progress>

    init(
        ticket: DeliveryTracker.Ticket, message: SourceMessage, text: String?, tappedText: String? = nil,
        tasks: [TaskDefinition], longTextTokens: [Int?], windows: [Window], receivedAt: Duration
    ) {
        (self.ticket, self.message, self.text, self.tasks) = (ticket, message, text, tasks)
        (self.longTextTokens, self.windows, self.receivedAt) = (longTextTokens, windows, receivedAt)
        self.tappedText = tappedText
        progress = Mutex(
            Progress(results: Array(repeating: nil, count: windows.count), missing: windows.count))
    }

    /// Whether its windows may be in several batches.
    var isLong: Bool { windows.count > 1 }

    /// The live adapters that all its windows see.
    ///
    /// - Parameter current: those of the batch, which hold if this is its first window.
    /// - Returns: nil if the text has finished, because another window of it failed.
    func begin(_ current: LiveSnapshot) -> LiveSnapshot? {
        progress.withLock { progress in
            if progress.hasFinished { return nil }
            let snapshot = progress.snapshot ?? current
            progress.snapshot = snapshot
            return snapshot
        }
    }

    /// Keeps the result of a window.
    ///
    /// - Returns: the results of all windows if this was the last, once.
    func add(_ result: WindowResult, of window: Int) -> [WindowResult]? {
        progress.withLock { progress in
            guard !progress.hasFinished, progress.results[window] == nil else { return nil }
            progress.results[window] = result
            progress.missing -= 1
            guard progress.missing == 0 else { return nil }
            defer { progress.finish() }
            return progress.results.compactMap(\.self)
        }
    }

    /// One of its windows cannot be classified.
    ///
    /// - Returns: whether the text had not finished before.
    func fail() -> Bool {
        progress.withLock { progress in
            defer { progress.finish() }
            return !progress.hasFinished
        }
    }
}
