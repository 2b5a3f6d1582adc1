import BERT
import Connectors
import Foundation
import Pipelines
import Reports
import Training
import WordPiece

/// The demo: the main job on this machine, from nothing to a counted result, in seven steps.
///
/// 1. `startServers`     a private PostgreSQL and a broker, the schema, a role for the daemon
/// 2. `trainFirst`       a first adapter a task, from a small labelled file, into the registry
/// 3. `startDaemon`      `lorikeet run` as a process of its own
/// 4. `stream`           descriptions flow, bad messages among them
/// 5. `awaitRetraining`  labelled rows arrive by SQL; the daemon retrains, decides and swaps by itself
/// 6. `rollBack`         one adapter goes back while texts flow
/// 7. `count`            SIGTERM, drain, and every message is accounted for
public struct DemoRun {
    /// What `lorikeet demo` was asked for.
    public struct Options: Sendable {
        var base: String
        var pipeline: String
        /// At least so many descriptions are streamed.
        var messages: Int
        var keep: Bool

        public init(base: String, pipeline: String, messages: Int, keep: Bool) {
            (self.base, self.pipeline, self.messages, self.keep) = (base, pipeline, messages, keep)
        }
    }

    let options: Options
    let console: DemoConsole
    private let folder: URL

    public init(options: Options, console: DemoConsole) throws {
        self.options = options
        self.console = console
        folder = try ServerScratch.make("demo-\(UUID().uuidString.prefix(8))")
    }

    /// Runs all steps; whatever was started is stopped again, however it ends.
    public func run() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let pipeline = try readPipeline()
        let texts = try readTexts(pipeline)

        console.step(1, "A private PostgreSQL and a broker, in \(folder.path)")
        let servers = try DemoServers(folder: folder)
        defer { servers.stop() }
        try await servers.prepare(catalogue: texts.stream, console: console)
        let database = try DemoDatabase(dsn: servers.ownerDSN)

        console.step(
            2, "A first adapter for each task, from \(Figure.grouped(texts.first["section"]?.count ?? 0)) labelled rows"
        )
        try await trainFirst(
            texts, pipeline: pipeline, store: PostgresAdapterStore(PostgresSettings(dsn: servers.ownerDSN)))

        console.step(3, "The daemon: lorikeet run \(options.pipeline)")
        let daemon = try await startDaemon(servers)
        do {
            let producer = try DemoProducer(brokers: servers.broker.bootstrapServers, texts: texts.stream)
            let story = DemoStory(
                console: console, daemon: daemon, database: database, producer: producer,
                environment: servers.environment)
            try await story.run(annotations: texts.annotations, messages: options.messages)

            console.step(7, "SIGTERM, and the count")
            let begun = ContinuousClock.now
            let status = await daemon.terminate()
            guard status == 0 else {
                throw DemoError("the daemon ended with status \(status); its log is \(servers.log.path)")
            }
            console.say("drained and gone in \(String(format: "%.1f", (ContinuousClock.now - begun).inSeconds)) s")
            try await DemoSummary(console: console, database: database, servers: servers, texts: texts)
                .report(produced: producer.produced, story: story.notes)
        } catch {
            _ = await daemon.terminate()
            if !(error is CancellationError) { keepLog(servers.log) }
            throw error
        }
        if options.keep { try await keepRunning(servers) }
        await database.close()
    }

    // MARK: - Steps

    /// The pipeline file, before broker and database have their addresses.
    private func readPipeline() throws -> PipelineConfiguration {
        let placeholders = ["KAFKA_BROKERS": "-", "DATABASE_URL": "-"]
        let environment = PipelineEnvironment(
            variables: placeholders, workingDirectory: FileManager.default.currentDirectoryPath)
        return try PipelineFile.read(path: options.pipeline, environment: environment)
    }

    private func readTexts(_ pipeline: PipelineConfiguration) throws -> DemoTexts {
        guard let sections = pipeline.task("section")?.labels, let roles = pipeline.task("role")?.labels else {
            throw DemoError("\(options.pipeline) has no tasks section and role")
        }
        return DemoTexts(
            try PackageCatalogue.read(sections: sections, roles: roles), labels: ["section": sections, "role": roles])
    }

    private func trainFirst(_ texts: DemoTexts, pipeline: PipelineConfiguration, store: PostgresAdapterStore)
        async throws
    {
        let base = try BERTBase(directory: options.base)
        let tokenizer = try WordPieceTokenizer(directory: options.base)
        for task in texts.tasks {
            let begun = ContinuousClock.now
            // As the pipeline file retrains, so that a retraining goes on from here; few rows want more epochs.
            var settings = (pipeline.retrain ?? RetrainConfiguration()).trainingSettings(
                maxTokens: pipeline.batch.maxTokens(positions: base.configuration.positions))
            settings.epochs = 8
            let trainer = AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings)
            let rows = texts.first[task.name, default: []]
            let candidate = try trainer.train(
                rows, validation: texts.heldOut[task.name, default: []], labels: task.labels, task: task.name,
                progress: { progress in
                    console.live(
                        "\(task.name)  "
                            + DemoConsole.bar(progress.fraction, String(format: "loss %.3f", progress.loss)))
                }, isCancelled: { Task.isCancelled })
            try Task.checkCancellation()
            console.endLive()
            guard let evaluation = candidate.evaluation else {
                throw DemoError("training \(task.name) gave no evaluation")
            }
            let directory = folder.appendingPathComponent("adapters/\(task.name)").path
            try candidate.adapter.write(to: directory)
            let adapter = try Adapter.load(directory: directory, base: base)
            let version = try await store.publish(
                task: task.name, adapter: adapter,
                metrics: ["accuracy": evaluation.accuracy, "macro_f1": evaluation.macroF1],
                parentDigest: nil)
            _ = try await store.promote(task: task.name, version: version.version)
            let seconds = String(format: "%.0f", (ContinuousClock.now - begun).inSeconds)
            console.say(
                "\(task.name.padding(toLength: 8, withPad: " ", startingAt: 0)) accuracy \(Figure.percent(evaluation.accuracy)), "
                    + "macro-F1 \(Figure.percent(evaluation.macroF1)) on \(Figure.grouped(texts.heldOut[task.name]?.count ?? 0)) held-out rows; "
                    + "\(task.labels.count) labels, \(seconds) s; version \(version.version) is live")
        }
    }

    private func startDaemon(_ servers: DemoServers) async throws -> DaemonProcess {
        let environment = servers.environment.merging(["LORIKEET_BASE": options.base]) { $1 }
        let daemon = try await DaemonProcess.start(
            pipeline: options.pipeline, environment: environment, log: servers.log)
        do {
            let limit = ContinuousClock.now + .seconds(60)
            while !daemon.isReady() {
                guard daemon.isRunning, ContinuousClock.now < limit else {
                    throw DemoError("the daemon did not get ready")
                }
                console.live("waiting for /readyz")
                try await Task.sleep(for: .milliseconds(100))
            }
        } catch {
            _ = await daemon.terminate()
            if !(error is CancellationError) { keepLog(servers.log) }
            throw error
        }
        console.endLive()
        console.say("ready: http://\(daemon.address)/metrics, /healthz, /readyz; log: \(servers.log.path)")
        return daemon
    }

    private func keepLog(_ log: URL) {
        let said = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        console.say("the daemon's last words:")
        for line in said.split(separator: "\n").suffix(15) { console.say(String(line.prefix(400))) }
    }

    /// `--keep`: the daemon again, over the same tables, until Ctrl-C.
    private func keepRunning(_ servers: DemoServers) async throws {
        let daemon = try await startDaemon(servers)
        console.say()
        console.say("Everything keeps running until Ctrl-C. Send a text of your own and look at its labels:")
        console.say(
            #"  echo '{"description": "a chess game for the terminal", "kind": "binary"}' | kcat -b \#(servers.broker.bootstrapServers) -P -t packages"#
        )
        console.say(
            "  \(servers.psql) -c 'SELECT task, label, score, text FROM lorikeet.labels ORDER BY labelled_at DESC LIMIT 2'"
        )
        try? await Task.sleep(for: .seconds(365 * 24 * 3600))
        _ = await daemon.terminate()
    }
}
