import Foundation
import Kernels
import Operations

/// The time in which everything breaks: messages flow, faults begin and end, daemons are started again.
struct SoakLoad {
    private let settings: SoakSettings
    private let name: String
    private let servers: SoakServers
    private let daemons: [SoakDaemon]
    private let producer: SoakProducer
    private let say: (String) -> Void

    private var random: SplitMix64
    private var active: (fault: SoakFault, until: ContinuousClock.Instant)?
    private(set) var faults = 0
    /// The next one, which waits until the group has come to rest.
    private var postponed: SoakFault?
    private var groupMoved = ContinuousClock.now
    /// After so long every member has joined, also in the place of one that was killed.
    private static let groupRest = Duration.seconds(12)
    /// Of the larger daemon, every few seconds.
    private var samples: [Int] = []
    private var progress: SoakProgress

    init(
        settings: SoakSettings, name: String, servers: SoakServers, daemons: [SoakDaemon], producer: SoakProducer,
        say: @escaping (String) -> Void
    ) {
        (self.settings, self.name, self.servers, self.daemons) = (settings, name, servers, daemons)
        (self.producer, self.say) = (producer, say)
        random = SplitMix64(seed: settings.seed)
        progress = SoakProgress(now: .now)
    }

    /// Median resident megabytes in the first and in the last third.
    var memory: (first: Int, last: Int) {
        let third = max(1, samples.count / 3)
        return (Self.median(samples.prefix(third)), Self.median(samples.suffix(third)))
    }

    /// Runs for as long as the settings say; afterwards nothing is broken any more.
    mutating func disturb() async throws {
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
            if room > 0 { try await producer.produce(min(room, 500)) }
            for daemon in daemons where !isHeldDown(daemon) { Task { await daemon.start() } }
            try await Task.sleep(for: .milliseconds(100))
        }
        if let (fault, _) = active { try await finish(fault) }
    }

    // MARK: - Faults

    private mutating func begin(_ now: ContinuousClock.Instant) async throws {
        let fault = postponed ?? SoakFault(among: servers.possible, daemons: settings.daemons, random: &random)
        postponed = nil
        // Cut off while members were joining, librdkafka's mock cluster (2.0.2) has ended itself when they came back: "Assertion
        // `!member->resp' failed", by its looks at a second request to join. So a soak does not try that case.
        if fault.kind == .cutBroker, now < groupMoved + Self.groupRest {
            postponed = fault
            return
        }
        let choice = random.next()
        switch fault.kind {
        case .killDaemon: guard await daemons[fault.daemon].signal(SIGKILL) else { return }
        case .terminateDaemon: guard await daemons[fault.daemon].signal(SIGTERM) else { return }
        case .freezeDaemon: guard await daemons[fault.daemon].signal(SIGSTOP) else { return }
        default: try await servers.begin(fault, random: choice)
        }
        faults += 1
        active = (fault, now + fault.duration)
        say("fault \(faults): \(fault.description), \(String(format: "%.1f", fault.duration.inSeconds)) s")
    }

    private mutating func finish(_ fault: SoakFault) async throws {
        active = nil
        if fault.kind.movesGroup { groupMoved = .now }
        if fault.kind == .freezeDaemon {
            _ = await daemons[fault.daemon].signal(SIGCONT)
        } else {
            try await servers.end(fault)
        }
    }

    /// A daemon that was ended stays away for as long as the fault lasts.
    private func isHeldDown(_ daemon: SoakDaemon) -> Bool {
        guard let fault = active?.fault, [.killDaemon, .terminateDaemon].contains(fault.kind) else { return false }
        return daemons[fault.daemon] === daemon
    }

    // MARK: - Looking

    /// Notes how many messages are stored, which a broken database does not tell.
    private mutating func look(_ now: ContinuousClock.Instant) async throws {
        let isDatabaseBroken = active?.fault.kind.needsOwnDatabase ?? false
        let stored = isDatabaseBroken ? nil : try? await servers.stored(pipeline: name)
        progress.note(stored: stored, isBroken: active != nil, now: now)
        if let line = progress.minuteLine(produced: await producer.total, faults: faults, now: now) { say(line) }
        if progress.isStalled(now) {
            throw CommandFailure(
                .failed,
                "the load stalled at \(progress.stored) of \(await producer.total) messages: "
                    + "nothing was broken, and for a minute nothing was stored")
        }
    }

    private mutating func sample() async {
        var largest = 0
        for daemon in daemons { largest = max(largest, await daemon.memory() ?? 0) }
        if largest > 0 { samples.append(largest) }
    }

    private static func median(_ values: ArraySlice<Int>) -> Int {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }
}
