import Glibc
import Kernels
import Reports
import Threading

/// The load of a soak: messages flow, faults begin and end, daemons are started again.
struct SoakLoad {
    private let settings: SoakSettings
    private let name: String
    private let servers: SoakServers
    private let daemons: [SoakDaemon]
    private let relabelling: SoakRelabelling
    private let producer: LabProducer
    private var messages: SoakMessages
    private let say: (String) -> Void

    private var random: SplitMix64
    private var active: (fault: SoakFault, until: ContinuousClock.Instant)?
    /// How many faults were injected.
    private(set) var faults = 0
    /// The next fault, which waits until the consumer group is stable.
    private var postponed: SoakFault?
    private var lastRebalance = ContinuousClock.now
    /// After this time every member has joined, even if a killed member had to time out first.
    private static let rebalanceDuration = Duration.seconds(12)
    /// Resident megabytes of the larger daemon, every two seconds.
    private var memorySamples: [Double] = []
    private var progress: SoakProgress

    init(
        settings: SoakSettings, name: String, servers: SoakServers, daemons: [SoakDaemon],
        relabelling: SoakRelabelling, producer: LabProducer, messages: SoakMessages, say: @escaping (String) -> Void
    ) {
        (self.settings, self.name, self.servers, self.daemons) = (settings, name, servers, daemons)
        self.relabelling = relabelling
        (self.producer, self.messages, self.say) = (producer, messages, say)
        random = SplitMix64(seed: settings.seed)
        progress = SoakProgress(now: .now)
    }

    /// Median resident megabytes in the first and in the last third of the run.
    var memory: (first: Int, last: Int) {
        let trend = Measurements(memorySamples).trend
        return (Int(trend.first), Int(trend.last))
    }

    /// Runs for the duration of the settings and then ends the last fault.
    ///
    /// - Throws: ``LabError`` if the load stalls.
    mutating func run() async throws {
        let end = ContinuousClock.now + settings.duration
        var nextFault = ContinuousClock.now + .seconds(5)
        var nextLook = ContinuousClock.now
        var nextSample = ContinuousClock.now
        progress = SoakProgress(now: .now)
        while ContinuousClock.now < end {
            try Task.checkCancellation()
            let now = ContinuousClock.now
            if let (fault, until) = active, now >= until {
                try await finish(fault)
                nextFault = now + .milliseconds(1000 + random.below(4000))
            } else if active == nil, now >= nextFault, !progress.isSlow(now) {
                try await begin(now)
            }
            if now >= nextLook {
                try await look(now)
                nextLook = now + .milliseconds(500)
            }
            if now >= nextSample {
                await sample()
                nextSample = now + .seconds(2)
            }
            let room = settings.maximumLag - (await producer.total - progress.stored)
            if room > 0 { try await producer.produce(messages.next(min(room, 500))) }
            for daemon in daemons where !isHeldDown(daemon) { Task { await daemon.start() } }
            try await Task.sleep(for: .milliseconds(100))
        }
        if let (fault, _) = active { try await finish(fault) }
    }

    // MARK: - Faults

    private mutating func begin(_ now: ContinuousClock.Instant) async throws {
        let fault = postponed ?? SoakFault(among: servers.possibleFaults, daemons: settings.daemons, random: &random)
        postponed = nil
        // librdkafka's mock cluster (2.0.2) aborts when it is cut off while members join and they return: "Assertion
        // `!member->resp' failed", probably at the second request to join. So a soak leaves that case out.
        if fault.kind == .cutBroker, now < lastRebalance + Self.rebalanceDuration {
            postponed = fault
            return
        }
        let choice = random.next()
        switch fault.kind {
        case .killDaemon: guard await daemons[fault.daemon].signal(SIGKILL) else { return }
        case .terminateDaemon: guard await daemons[fault.daemon].signal(SIGTERM) else { return }
        case .freezeDaemon: guard await daemons[fault.daemon].signal(SIGSTOP) else { return }
        case .relabel: try await relabelling.begin(random: choice)
        default: try await servers.begin(fault, random: choice)
        }
        faults += 1
        active = (fault, now + fault.duration)
        say("fault \(faults): \(fault.description), \(Figure.decimal(fault.duration.inSeconds, 1)) s")
    }

    private mutating func finish(_ fault: SoakFault) async throws {
        active = nil
        if fault.kind.causesRebalance { lastRebalance = .now }
        if fault.kind == .freezeDaemon {
            _ = await daemons[fault.daemon].signal(SIGCONT)
        } else {
            try await servers.end(fault)
        }
    }

    /// Whether a daemon that was ended must stay down, because the fault lasts.
    private func isHeldDown(_ daemon: SoakDaemon) -> Bool {
        guard let fault = active?.fault, [.killDaemon, .terminateDaemon].contains(fault.kind) else { return false }
        return daemons[fault.daemon] === daemon
    }

    // MARK: - Looking

    /// Notes how many messages are stored. A broken database is not asked.
    private mutating func look(_ now: ContinuousClock.Instant) async throws {
        let isDatabaseBroken = active?.fault.kind.needsOwnDatabase ?? false
        let stored = isDatabaseBroken ? nil : try? await servers.stored(pipeline: name)
        progress.note(stored: stored, isBroken: active != nil, now: now)
        if let line = progress.minuteLine(produced: await producer.total, faults: faults, now: now) { say(line) }
        if progress.isStalled(now) {
            throw LabError(
                "the load stalled at \(progress.stored) of \(await producer.total) messages: "
                    + "no message was stored for a minute in which nothing was broken")
        }
    }

    private mutating func sample() async {
        var largest = 0
        for daemon in daemons { largest = max(largest, await daemon.memory() ?? 0) }
        if largest > 0 { memorySamples.append(Double(largest)) }
    }
}
