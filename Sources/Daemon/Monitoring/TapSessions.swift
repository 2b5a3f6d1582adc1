import DaemonClient
import Serving
import Threading

/// The open taps of a daemon's socket. A reader that does not ask for ten seconds is gone.
actor TapSessions {
    /// Why a reader gets no texts.
    struct Refusal: Error, Equatable {
        let status: UInt32
        let reason: String

        init(_ reason: String, status: UInt32 = 400) { (self.status, self.reason) = (status, reason) }
    }

    private struct Session {
        let request: TapRequest
        let tap: TextTap
        let reader: TextTap.Reader
        var isAsking = true
        var expiry: Task<Void, Never>?
    }

    /// The arguments of `/tap`.
    static let arguments = ["reader", "pipeline", "task", "label", "rate", "limit"]
    /// Open at once.
    static let limit = 8
    /// How long a question waits for a text.
    private static let patience = Duration.seconds(1)
    /// How long a tap stays open between two questions.
    static let idleLimit = Duration.seconds(10)

    private var sessions: [String: Session] = [:]
    private let clock: Clock

    init(clock: Clock = .system) { self.clock = clock }

    /// How many taps are open.
    var count: Int { sessions.count }

    /// What has passed since the last question, or passes soon. The first question opens the tap.
    func texts(
        _ arguments: [String: String], of supervisor: PipelineSupervisor
    ) async throws(Refusal) -> TappedTexts {
        let (request, limit) = try Self.request(arguments)
        guard let (tap, tasks) = await supervisor.tap(of: request.pipeline) else {
            let names = await supervisor.configurations.map(\.name)
            throw Refusal("no pipeline \(request.pipeline); the daemon has \(names.joined(separator: ", "))")
        }
        if let task = request.task, !tasks.contains(task) {
            throw Refusal("\(request.pipeline) has no task \(task); it has \(tasks.joined(separator: ", "))")
        }
        let reader = try begin(request, tap)
        let delivery = await reader.next(limit: limit, patience: Self.patience)
        // Without a name, nobody can ask again.
        if arguments["reader"] == nil { close(request.reader) } else { end(request.reader) }
        return TappedTexts(texts: delivery.texts.map(TappedTexts.Text.init), dropped: delivery.dropped)
    }

    /// Nobody reads any more.
    func closeAll() { for name in sessions.keys { close(name) } }

    private static func request(_ arguments: [String: String]) throws(Refusal) -> (TapRequest, limit: Int) {
        guard let pipeline = arguments["pipeline"] else { throw Refusal("/tap takes the argument pipeline") }
        func number(_ name: String, _ fallback: Int, _ range: ClosedRange<Int>) throws(Refusal) -> Int {
            guard let text = arguments[name] else { return fallback }
            guard let number = Int(text), range.contains(number) else {
                throw Refusal("\(name) takes a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        let limit = try number("limit", TapRequest.maximumTexts, 1...TapRequest.maximumTexts)
        var request = TapRequest(
            pipeline: pipeline, task: arguments["task"], label: arguments["label"],
            rate: try number("rate", 10, 1...TapRequest.maximumRate))
        if let reader = arguments["reader"] { request.reader = String(reader.prefix(64)) }
        return (request, limit)
    }

    /// The reader of a session. After a reload the pipeline may be another one, with another tap.
    private func begin(_ request: TapRequest, _ tap: TextTap) throws(Refusal) -> TextTap.Reader {
        if let session = sessions[request.reader] {
            guard !session.isAsking else { throw Refusal("this reader has a question open") }
            session.expiry?.cancel()
            if session.request == request, session.tap === tap {
                sessions[request.reader]?.isAsking = true
                return session.reader
            }
            close(request.reader)
        }
        guard sessions.count < Self.limit else {
            throw Refusal(
                "\(Self.limit) taps are open; a tap closes ten seconds after its reader has ended", status: 503)
        }
        let filter = TextTap.Filter(task: request.task, label: request.label, rate: request.rate)
        let reader = tap.open(filter)
        sessions[request.reader] = Session(request: request, tap: tap, reader: reader)
        return reader
    }

    private func end(_ name: String) {
        sessions[name]?.isAsking = false
        sessions[name]?.expiry = Task { [clock] in
            do { try await clock.sleep(Self.idleLimit) } catch { return }
            self.expire(name)
        }
    }

    /// A question may have come just before the timer was cancelled.
    private func expire(_ name: String) { if !Task.isCancelled { close(name) } }

    private func close(_ name: String) {
        guard let session = sessions.removeValue(forKey: name) else { return }
        session.expiry?.cancel()
        session.tap.close(session.reader)
    }
}

extension TappedTexts.Text {
    fileprivate init(_ text: TextTap.Text) {
        self.init(
            origin: "\(text.origin)", producedAt: text.producedAt, text: text.text,
            labels: text.labels.map { label in
                TappedTexts.Label(
                    task: label.task, label: label.label, labels: label.labels, score: label.score,
                    abstained: label.abstained, adapterDigest: label.adapterDigest)
            })
    }
}
