import BERT
import WordPiece

/// How the intake handles a message: everything that a reload may change while the pipeline runs.
struct ServingPlan: Sendable {
    let settings: ServingSettings
    let reader: MessageReader
    private let maxTokens: Int
    private let positions: Int
    private let tasks: [String: TaskDefinition]

    /// - Parameter positions: tokens that the base has positions for; longer texts are cut to this.
    init(
        settings: ServingSettings, tasks: [TaskDefinition], router: Router, extractor: TextExtractor, positions: Int
    ) {
        self.settings = settings
        maxTokens = min(settings.maxTokens, positions)
        self.positions = positions
        self.tasks = Dictionary(tasks.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        reader = MessageReader(
            router: router, extractor: extractor, key: settings.key, markup: settings.markup,
            maximumMessageBytes: settings.maximumMessageBytes)
    }

    /// Tasks that must have a live adapter before a text can be labelled.
    var taskNames: [String] { reader.router.tasks }

    /// What the intake makes of a message.
    enum Entry {
        case prepared(PreparedText)
        /// Rejected or dropped.
        case finished(FinishedText)
    }

    /// - Parameters:
    ///   - receivedAt: by the pipeline's clock.
    ///   - isTapped: whether the text is kept for a tap.
    func enter(
        _ record: SourceMessage, ticket: DeliveryTracker.Ticket, decoder: any PayloadDecoder,
        tokenizer: WordPieceTokenizer, receivedAt: Duration, isTapped: Bool
    ) -> Entry {
        var message = record
        let reading = reader.open(&message, decoder: decoder)
        func reject(_ stage: RejectionStage, _ cause: String, _ reason: String) -> Entry {
            let rejection = Rejection(message: message, stage: stage, cause: cause, reason: reason)
            return .finished(FinishedText(ticket: ticket, outcome: .rejected(rejection), receivedAt: receivedAt))
        }
        let dropped = Entry.finished(
            FinishedText(ticket: ticket, outcome: .dropped(message), receivedAt: receivedAt))
        if message.payload == nil, settings.nullPayload == .drop { return dropped }
        switch reading {
        case .rejected(let stage, let cause, let reason): return reject(stage, cause, reason)
        case .unrouted:
            if settings.unrouted == .drop { return dropped }
            return reject(.route, "unrouted", "no route matches the record")
        case .text(let text, let names):
            let tasks = names.map { self.tasks[$0] ?? TaskDefinition(name: $0) }
            let reader = TextReader(tokenizer: tokenizer, maxTokens: maxTokens, positions: positions)
            let (windows, longTextTokens) = reader.windows(of: text, tasks: tasks)
            return .prepared(
                PreparedText(
                    ticket: ticket, message: message, text: settings.storeText ? text : nil,
                    tappedText: isTapped ? text : nil, tasks: tasks, longTextTokens: longTextTokens, windows: windows,
                    receivedAt: receivedAt))
        }
    }
}
