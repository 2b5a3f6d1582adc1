import KafkaClient
import LocalServers
import Threading

/// The broker and the database of a soak, private or external, and the faults that can be injected into them.
actor SoakServers {
    private let thread = DedicatedThread(name: "soak-servers")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// `bootstrap.servers`.
    nonisolated let brokers: String
    nonisolated let database: LabDatabase
    private let settings: SoakSettings
    private let broker: EmbeddedBroker?
    private let postgres: PrivatePostgres?
    /// Whether the external broker is broken and not repaired yet.
    private var isBrokerBroken = false
    /// The partitions of an external topic, and when the broker was asked.
    private var partitions: (count: Int, askedAt: ContinuousClock.Instant)?

    /// Error codes of the Kafka protocol that daemons and consumer group meet now and then and must survive.
    private static let errorCodes: [(KafkaAPI, [Int32])] = [
        // NOT_LEADER_OR_FOLLOWER, a broken connection
        (.fetch, [6, -195, 6]),
        // COORDINATOR_LOAD_IN_PROGRESS, REBALANCE_IN_PROGRESS, NOT_COORDINATOR
        (.offsetCommit, [14, 27, 16]),
        // ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID
        (.heartbeat, [22, 25]),
        (.joinGroup, [16, 15]),
        (.offsetFetch, [14, 16]),
        (.produce, [6, 7, -195]),
        (.findCoordinator, [15]),
    ]

    /// Starts the servers that the settings do not name; ``stop()`` ends them.
    init(_ settings: SoakSettings, folder: ScratchFolder) throws {
        self.settings = settings
        broker = try settings.brokers == nil ? EmbeddedBroker() : nil
        postgres = try settings.database == nil ? PrivatePostgres.start(directory: folder.path) : nil
        try broker?.createTopic(settings.topic, partitions: settings.partitions)
        try broker?.createTopic(settings.outputTopic, partitions: settings.partitions)
        brokers = settings.brokers ?? broker?.bootstrapServers ?? ""
        database = LabDatabase(dsn: settings.database ?? postgres?.dsn() ?? "")
    }

    /// Repairs what is broken and ends what was started.
    func stop() async {
        try? await repairBroker()
        await database.close()
        broker?.stop()
        postgres?.stop()
    }

    // MARK: - Faults

    /// The faults that these servers allow.
    nonisolated var possibleFaults: [SoakFault.Kind] {
        SoakFault.Kind.allCases.filter {
            (!$0.needsOwnDatabase || postgres != nil) && (!$0.needsOwnBroker || broker != nil)
                && (!$0.needsCommand || settings.breakBroker != nil)
        }
    }

    /// Begins a fault of the servers. Faults of daemons, and relabelling, are ``SoakLoad``'s.
    ///
    /// - Parameter random: chooses among the variants of a fault.
    func begin(_ fault: SoakFault, random: UInt64) async throws {
        switch fault.kind {
        case .killDaemon, .terminateDaemon, .freezeDaemon, .relabel: break
        case .killBackends: try await database.terminateDaemonSessions()
        case .restartDatabase: try postgres?.halt()
        case .crashDatabase: try postgres?.crash()
        case .freezeDatabase: postgres?.pause()
        case .refuseRequests:
            let (api, codes) = Self.errorCodes[Int(random % UInt64(Self.errorCodes.count))]
            try broker?.pushErrors(api, codes)
        case .slowBroker: try broker?.setRoundTrip(.milliseconds(700))
        case .cutBroker: try broker?.setDown()
        case .breakBroker:
            isBrokerBroken = true
            try await runBrokerCommand("break")
        }
    }

    /// Ends a fault of the servers.
    func end(_ fault: SoakFault) async throws {
        switch fault.kind {
        case .killDaemon, .terminateDaemon, .freezeDaemon, .killBackends, .relabel: break
        case .restartDatabase, .crashDatabase: try postgres?.restart()
        case .freezeDatabase: postgres?.resume()
        case .refuseRequests: for (api, _) in Self.errorCodes { try broker?.clearErrors(api) }
        case .slowBroker: try broker?.setRoundTrip(.zero)
        case .cutBroker: try broker?.setUp()
        case .breakBroker: try await repairBroker()
        }
    }

    private func repairBroker() async throws {
        guard isBrokerBroken else { return }
        try await runBrokerCommand("mend")
        isBrokerBroken = false
    }

    private func runBrokerCommand(_ word: String) async throws {
        guard let command = settings.breakBroker else { return }
        let process = try ChildProcess(
            program: "/bin/sh", arguments: ["-c", "\(command) \(word)"],
            environment: OwnProgram.environment(adding: [:]))
        let status = await process.ending().status
        guard status == 0 else {
            throw LabError("--break-broker: the command with '\(word)' ended with status \(status)")
        }
    }

    // MARK: - Looking

    /// About how many messages are stored.
    func stored(pipeline: String) async throws -> Int {
        try await database.stored(pipeline: pipeline, topic: settings.topic, partitions: partitionCount())
    }

    /// The partitions of the topic. An external topic may get more, so its broker is asked every ten seconds.
    private func partitionCount() throws -> Int {
        if broker != nil { return settings.partitions }
        if let partitions, ContinuousClock.now - partitions.askedAt < .seconds(10) { return partitions.count }
        let probe = try KafkaProbe(
            properties: ["bootstrap.servers": brokers, "group.id": "lorikeet-soak"], topics: [settings.topic])
        // An unavailable broker does not change the count.
        guard let found = try? probe.topics(within: .seconds(5))[settings.topic]?.partitions, found > 0 else {
            return partitions?.count ?? 0
        }
        partitions = (found, .now)
        return found
    }
}
