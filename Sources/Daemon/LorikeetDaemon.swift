import FoundationEssentials
import Kernels
import LogKeys
import Logging
import Operations
import Pipelines
import ServiceLifecycle
import Serving
import Synchronization
import Threading
import UnixSignals

/// The daemon: the composition root of both paths.
///
/// Its services, in the order of their dependencies; a shutdown ends them from the last to the first:
///
/// 1. `MonitoringServer`: /metrics, /healthz, /readyz, until everything else has ended. `SocketServer`: the same with
///    /status and /tap on a Unix socket.
/// 2. `WorkerPool`: threads that classify.
/// 3. `LiveAdapterService`, one per database: schema, first adapters, then every swap.
/// 4. `RetrainScheduler`: the retraining path, as processes of low priority.
/// 5. `RetentionService`: old rows, and partitions for new ones.
/// 6. `ReloadService`: SIGHUP.
/// 7. `PipelineSupervisor`: one `ServingPipeline` per pipeline file. It drains before the services above end: these may
///    wait for a database.
/// 8. `StatusReporter`: systemd and its watchdog.
public final class LorikeetDaemon: Sendable {
    let files: [String]
    let options: DaemonOptions
    let configuration: DaemonConfiguration
    let servingBase: ServingBase
    let workers: WorkerPool
    /// By connection string.
    let adapterServices: [String: LiveAdapterService]
    let supervisor: PipelineSupervisor
    let groupInstances: GroupInstances
    let scheduler: RetrainScheduler
    let retention: RetentionService
    let notifier: SystemdNotifier?
    let logger: Logger
    let reloads = ReloadQueue()
    let taps: TapSessions
    let startedAt = Date(timeIntervalSince1970: Double(Clock.systemDate()) / 1000)

    // MARK: - Mutable State

    /// `host:port` of the pages; set once the socket is bound.
    private let address = Latch<String>()
    /// The path of the Unix socket; set once it listens.
    let socketPath = Latch<String>()

    private struct Running {
        /// While it runs.
        var group: ServiceGroup?
        var isStopped = false
    }

    private let running = Mutex(Running())

    /// Reads the files, loads the base and the first adapters; connects to nothing yet.
    ///
    /// - Parameter serving: the types in which the base computes, in place of what the files say.
    /// - Throws: status 78 for what is wrong with files, base or adapters, 64 for options.
    public init(
        files: [String], serving: ServingPrecision? = nil, options: DaemonOptions = DaemonOptions(),
        logger: Logger = Logger(label: "lorikeet")
    ) throws(CommandFailure) {
        BLAS.configure()
        _ = PrometheusRegistry.shared
        (self.files, self.options, self.logger) = (files, options, logger)
        let configuration: DaemonConfiguration
        let loaded: LoadedBase
        var tasks: [String: [String: ServedTask]] = [:]
        let direct: [String: Secret]
        do throws(ConfigurationError) {
            configuration = try DaemonConfiguration.read(files: files, environment: options.environment)
            try configuration.requireUsableSources()
            loaded = try LoadedBase(configuration, serving: serving)
            for (postgres, pipelines) in configuration.databases {
                tasks[postgres] = try loaded.servedTasks(of: pipelines)
            }
            direct = configuration.directConnections
        } catch {
            throw CommandFailure(error)
        }
        let servingBase = ServingBase(
            loaded, folder: configuration.base, isAutomatic: configuration.dtype == .auto, logger: logger)
        (self.configuration, self.servingBase) = (configuration, servingBase)
        workers = WorkerPool(
            base: loaded.base, workers: max(1, options.workers ?? ProcessInfo.processInfo.activeProcessorCount))
        adapterServices = Dictionary(
            uniqueKeysWithValues: tasks.map { postgres, tasks in
                (
                    postgres,
                    LiveAdapterService(
                        postgres: Secret(postgres), direct: direct[postgres], tasks: tasks, base: servingBase,
                        logger: logger)
                )
            })
        groupInstances = GroupInstances(environment: options.environment.variables, logger: logger)
        supervisor = PipelineSupervisor(
            tokenizer: loaded.tokenizer, workers: workers, groupInstances: groupInstances,
            drainTimeout: options.drainTimeout, logger: logger)
        scheduler = RetrainScheduler(
            pipelines: configuration.pipelines, program: options.retrainProgram,
            precision: { servingBase.loaded.base.precision }, fallsBack: configuration.dtype == .auto, logger: logger,
            isDrifting: { [adapterServices] postgres, task in
                adapterServices[postgres]?.liveAdapters.snapshot.adapters[task]?.drift.status.alarms.isEmpty == false
            })
        retention = RetentionService(pipelines: configuration.pipelines, logger: logger)
        notifier = SystemdNotifier(environment: options.environment.variables)
        taps = TapSessions(clock: options.tapClock)
    }

    /// The base over which it labels now, with what is loaded beside it.
    var loaded: LoadedBase { servingBase.loaded }

    /// How long systemd waits for a start that measures first. With many tasks, `TimeoutStartSec` is too short.
    private static let mostMeasuring = Duration.seconds(1800)

    /// Runs until SIGTERM or SIGINT, then drains.
    ///
    /// - Throws: status 78 for a pipeline file or a database that cannot work, 1 for every other failure.
    public static func run(
        files: [String], options: DaemonOptions = DaemonOptions(), logger: Logger = Logger(label: "lorikeet")
    ) async throws(CommandFailure) {
        FreedMemory.returnEarly()
        try await measured(files: files, options: options, logger: logger).run()
    }

    /// A daemon that computes in the types that the files say: under `auto`, in those that measuring chose.
    static func measured(
        files: [String], options: DaemonOptions, logger: Logger
    ) async throws(CommandFailure) -> LorikeetDaemon {
        let notifier = SystemdNotifier(environment: options.environment.variables)
        let serving = await ServingPrecision.resolve(files: files, environment: options.environment) {
            notifier?.extendStart(by: mostMeasuring, status: "measuring what faster types cost")
        }
        return try LorikeetDaemon(files: files, serving: serving, options: options, logger: logger)
    }

    /// The fields of the first log line.
    private var startMetadata: Logger.Metadata {
        var fields: Logger.Metadata = [
            LogKey.program: "\(LorikeetVersion.current)", LogKey.kernels: "\(loaded.base.kernels)",
            LogKey.base: "\(loaded.base.digest.prefix(12))", LogKey.dtype: "\(loaded.base.dtype)",
            LogKey.workers: "\(workers.workers)",
            LogKey.pipelines: "\(configuration.pipelines.map(\.name).joined(separator: ","))",
        ]
        if let reason = loaded.dtypeReason { fields[LogKey.dtypeReason] = "\(reason)" }
        return fields
    }

    /// Runs until a signal (where the options say so) or `stop()`, then drains.
    public func run() async throws(CommandFailure) {
        logger.notice("starting", metadata: startMetadata)
        do throws(ConfigurationError) { try groupInstances.claim(configuration.pipelines) } catch {
            throw CommandFailure(error)
        }
        Self.noteConfiguration(isApplied: true)
        let group = try await makeGroup()
        let isStopped = running.withLock { running in
            running.group = group
            return running.isStopped
        }
        defer { running.withLock { $0.group = nil } }
        if isStopped { return }
        for (place, pipeline) in configuration.pipelines.enumerated() {
            guard let adapterService = adapterServices[pipeline.sink.postgres.value] else { continue }
            await supervisor.start(pipeline, place: place, liveAdapters: adapterService.liveAdapters)
        }
        do {
            try await group.run()
            logger.notice("stopped")
        } catch let failure as CommandFailure {
            throw failure
        } catch is CancellationError {
            logger.notice("stopped")
        } catch let error as ServingError {
            // A restart would meet the same: a password, a privilege, a schema.
            throw CommandFailure(.configuration, "\(error)")
        } catch {
            throw CommandFailure(.failed, "\(error)")
        }
    }

    /// Starts to drain, as SIGTERM does.
    public func stop() async {
        let group = running.withLock { running in
            running.isStopped = true
            return running.group
        }
        await group?.triggerGracefulShutdown()
    }

    /// `host:port` of the pages; waits until it is bound.
    public func httpAddress() async -> String? { await address.value }

    private func makeGroup() async throws(CommandFailure) -> ServiceGroup {
        var services: [any Service] = []
        if let http = options.http {
            services.append(
                try MonitoringServer(address: http, daemon: self) { [self] address in
                    logger.notice("serving /metrics, /healthz, /readyz", metadata: [LogKey.http: "\(address)"])
                    self.address.open(address)
                })
        }
        if let path = options.socket { services.append(SocketServer(path: path, daemon: self)) }
        services.append(WorkerService(workers: workers))
        services += Array(adapterServices.values) as [any Service]
        services.append(scheduler)
        services.append(retention)
        if options.handlesSignals { services.append(ReloadService(daemon: self)) }
        services.append(supervisor)
        services.append(StatusReporter(daemon: self, notifier: notifier, logger: logger))
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .critical)
        var settings = ServiceGroupConfiguration(
            // A service that fails ends the others in order, so that what is in flight is still stored.
            services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: options.handlesSignals ? [.sigterm, .sigint] : [], logger: quiet)
        settings.maximumGracefulShutdownDuration = options.drainTimeout
        return ServiceGroup(configuration: settings)
    }
}

extension LorikeetDaemon {
    /// The workers, until the pipelines that feed them have drained.
    private struct WorkerService: Service {
        let workers: WorkerPool

        func run() async throws { await cancelWhenGracefulShutdown { await self.workers.run() } }
    }
}
