import AdapterRegistry
import BERT
import Connectors
import FoundationEssentials
import Pipelines
import Reports
import Training
import WordPiece

/// The demo: the product's main job on this machine, from nothing to a final count, in seven steps.
///
/// 1. `startServers`   a private PostgreSQL and a broker, the schema, a role for the daemon
/// 2. `trainFirst`     a first adapter per task, from a small labelled set, into the adapter store
/// 3. `startDaemon`    `lorikeet run` as a process of its own
/// 4. to 6.            ``DemoStory``: the stream, a retraining, a roll-back
/// 7. `stopAndCount`   SIGTERM, drain, and every message is accounted for
public struct DemoRun {
    /// The arguments of `lorikeet demo`.
    public struct Options: Sendable {
        var base: String
        var pipeline: String
        var messages: Int
        var keep: Bool

        /// - Parameters:
        ///   - base: the folder of the base.
        ///   - pipeline: the pipeline file that the daemon runs; it has the tasks `section` and `role`.
        ///   - messages: how many messages are streamed at least.
        ///   - keep: whether the daemon is started again at the end and runs until the task is cancelled.
        public init(base: String, pipeline: String, messages: Int, keep: Bool) {
            (self.base, self.pipeline, self.messages, self.keep) = (base, pipeline, messages, keep)
        }
    }

    private let options: Options
    private let console: DemoConsole

    /// A demo that reports to a console.
    public init(options: Options, console: DemoConsole) { (self.options, self.console) = (options, console) }

    /// Runs all steps, and stops whatever it started, however it ends.
    public func run() async throws {
        console.say(
            "Lorikeet labels a stream of texts with LoRA adapters over one frozen BERT, and retrains them live.")
        console.say("The texts are the package descriptions of this machine's Debian catalogue. Two tasks label each:")
        console.say("section (libs, python, games, …) and role (program, library, documentation, …).")
        let pipeline = try readPipeline()
        let texts = try await readTexts(pipeline)
        let servers = try startServers()
        do {
            try await run(texts, pipeline: pipeline, servers: servers)
        } catch {
            await servers.stop()
            throw error
        }
        await servers.stop()
    }

    private func run(_ texts: DemoTexts, pipeline: PipelineConfiguration, servers: DemoServers) async throws {
        try await prepare(servers, texts: texts)
        try await trainFirst(texts, pipeline: pipeline, servers: servers)
        console.step(
            3, "Start the daemon: lorikeet run \(options.pipeline)",
            "One process loads one BERT and both adapters, and joins the Kafka consumer group.")
        let daemon = try await startDaemon(servers)
        do {
            let producer = try LabProducer(
                brokers: servers.broker.bootstrapServers, topic: DemoMessages.topic,
                properties: ["linger.ms": "5", "message.max.bytes": "4000000", "enable.idempotence": "true"])
            try await DemoStory(
                console: console, daemon: daemon, database: servers.database, producer: producer, texts: texts,
                environment: servers.environment
            ).run(messages: options.messages)
            try await stopAndCount(daemon, servers: servers, texts: texts, produced: producer.produced)
        } catch {
            await daemon.terminate()
            showLog(servers.log, after: error)
            throw error
        }
        if options.keep { try await keepRunning(servers) }
    }

    // MARK: - Texts

    /// Reads the pipeline file; broker and database have no addresses yet.
    private func readPipeline() throws -> PipelineConfiguration {
        let placeholders = ["KAFKA_BROKERS": "-", "DATABASE_URL": "-"]
        let environment = PipelineEnvironment(
            variables: placeholders, workingDirectory: FileManager.default.currentDirectoryPath)
        return try PipelineFile.read(path: options.pipeline, environment: environment)
    }

    private func readTexts(_ pipeline: PipelineConfiguration) async throws -> DemoTexts {
        guard let sections = pipeline.task("section")?.labels, let roles = pipeline.task("role")?.labels else {
            throw LabError("\(options.pipeline): the demo needs the tasks section and role")
        }
        return DemoTexts(
            try await PackageCatalogue.read(sections: sections, roles: roles),
            labels: ["section": sections, "role": roles])
    }

    // MARK: - Steps 1 to 3

    private func startServers() throws -> DemoServers {
        console.step(
            1, "Start PostgreSQL and a Kafka broker",
            "A private PostgreSQL and librdkafka's mock cluster, for this demo only. Both are removed at its end.")
        return try DemoServers()
    }

    private func prepare(_ servers: DemoServers, texts: DemoTexts) async throws {
        try await servers.prepare(catalogue: texts.stream)
        console.say(
            "The schema lorikeet and the topic \(DemoMessages.topic) are ready. To look, open another terminal:")
        console.say("  \(servers.psql)")
        console.say("  kcat -b \(servers.broker.bootstrapServers) -C -t \(DemoMessages.topic)")
    }

    private func trainFirst(_ texts: DemoTexts, pipeline: PipelineConfiguration, servers: DemoServers) async throws {
        let rows = texts.first["section"]?.count ?? 0
        console.step(
            2, "Train a first adapter per task, on \(Figure.grouped(rows)) labelled texts each",
            "The BERT stays frozen. An adapter is a few small matrices beside it, so training takes seconds.")
        let store = PostgresAdapterStore(PostgresSettings(dsn: servers.database.dsn))
        let base = try BERTBase(directory: options.base)
        let tokenizer = try WordPieceTokenizer(directory: options.base)
        // The settings by which the daemon retrains from here; so few rows need more epochs.
        var settings = (pipeline.retrain ?? RetrainConfiguration()).trainingSettings(
            maxTokens: pipeline.batch.maxTokens(positions: base.configuration.positions))
        settings.epochs = 8
        let trainer = AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings)
        for task in texts.tasks {
            let begun = ContinuousClock.now
            let rows = texts.first[task.name, default: []]
            let candidate = try trainer.train(
                rows, validation: texts.heldOut[task.name, default: []],
                labels: task.labels, task: task.name, progress: { show($0, task: task.name) },
                isCancelled: { Task.isCancelled })
            try Task.checkCancellation()
            console.endLive()
            guard let evaluation = candidate.evaluation else {
                throw LabError("the training of \(task.name) ended without an evaluation")
            }
            let directory = servers.folder.path("adapters/\(task.name)")
            try candidate.adapter.write(to: directory)
            let version = try await store.publish(
                task: task.name, adapter: try Adapter.load(directory: directory, base: base),
                metrics: ["accuracy": evaluation.accuracy, "macro_f1": evaluation.macroF1], parentDigest: nil,
                trainingRows: TrainingRowSet(hashes: rows.map { NormalizedText($0.text).hash64 }))
            let promotion = Promotion(by: "lorikeet demo", reason: "the first adapter of the task")
            _ = try await store.promote(task: task.name, version: version.version, promotion)
            console.say(
                "\(task.name): version \(version.version) is live. Accuracy \(Figure.percent(evaluation.accuracy)), "
                    + "macro-F1 \(Figure.percent(evaluation.macroF1)) on held-out texts "
                    + "(\(task.labels.count) labels, \(Figure.seconds(since: begun)))")
        }
    }

    private func show(_ progress: TrainingProgress, task: String) {
        console.live("\(task)  " + DemoConsole.bar(progress.fraction, "loss \(Figure.decimal(progress.loss, 3))"))
    }

    private func startDaemon(_ servers: DemoServers) async throws -> DaemonProcess {
        let daemon = try await DaemonProcess.start(
            pipeline: options.pipeline,
            environment: servers.environment.merging(["LORIKEET_BASE": options.base]) { $1 },
            log: servers.log)
        do {
            console.live("waiting until the daemon is ready")
            try await Waiting.until("the daemon is not ready", within: .seconds(60), every: .milliseconds(100)) {
                guard daemon.isRunning else { throw LabError("the daemon ended before it was ready") }
                return daemon.isReady()
            }
        } catch {
            await daemon.terminate()
            showLog(servers.log, after: error)
            throw error
        }
        console.endLive()
        console.say("It is ready. Metrics: http://\(daemon.address)/metrics; log: \(servers.log)")
        return daemon
    }

    private func showLog(_ log: String, after error: any Error) {
        if error is CancellationError || Task.isCancelled { return }
        console.endLive()
        console.say("the end of the daemon's log:")
        for line in DaemonProcess.Log.tail(of: log, lines: 15).split(separator: "\n") { console.say(String(line)) }
    }

    // MARK: - The end

    private func stopAndCount(
        _ daemon: DaemonProcess, servers: DemoServers, texts: DemoTexts, produced: [Int32: Int64]
    ) async throws {
        console.step(
            7, "Stop the daemon and account for every message",
            "On SIGTERM the daemon stores what is in flight, commits the offsets and exits.")
        let begun = ContinuousClock.now
        let status = await daemon.terminate()
        guard status == 0 else { throw LabError("the daemon ended with status \(status)") }
        console.say(
            "It exited after \(Figure.seconds(since: begun)). Each message that was produced, against its rows:")
        try await DemoSummary(console: console, servers: servers, texts: texts).report(produced: produced)
    }

    /// `--keep`: starts the daemon again on the same tables and leaves it running until Ctrl-C.
    private func keepRunning(_ servers: DemoServers) async throws {
        console.say()
        let daemon = try await startDaemon(servers)
        console.say("Everything runs until Ctrl-C. Send a text of your own and look at its labels:")
        console.say(#"  echo '{"description": "a chess game for the terminal", "kind": "binary"}' |"#)
        console.say("    kcat -b \(servers.broker.bootstrapServers) -P -t \(DemoMessages.topic)")
        console.say("  \(servers.psql) \\")
        let newest = "FROM lorikeet.labelled_texts ORDER BY labelled_at DESC LIMIT 2"
        console.say("    -c 'SELECT task, label, score, text \(newest)'")
        do {
            try await Waiting.until("", within: .seconds(365 * 24 * 3600), every: .milliseconds(500)) {
                !daemon.isRunning
            }
            // Ctrl-C in a terminal reaches the daemon too.
            try Task.checkCancellation()
            showLog(servers.log, after: LabError(""))
            throw LabError("the daemon exited on its own with status \(await daemon.exitStatus())")
        } catch is CancellationError {
            await daemon.terminate()
        }
    }
}
