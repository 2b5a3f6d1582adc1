import AdapterRegistry
import BERT
import Connectors
import Drift
import FoundationEssentials
import Pipelines
import Serving

/// Asks a pipeline's database what the daemon asks when it starts; changes nothing.
enum DatabaseProbe {
    static func findings(
        _ pipeline: PipelineConfiguration, loaded: LoadedBase?, without missing: [CheckOperation.MissingAdapter]
    ) async -> [CheckReport.Finding] {
        var report = CheckReport(findings: [])
        let settings = PostgresSettings(
            dsn: pipeline.sink.postgres.value, applicationName: "lorikeet check", connectTimeout: .seconds(5))
        let store = PostgresAdapterStore(settings)
        do {
            let version = try await Schema.version(settings)
            if let problem = DatabaseSchema.problem(with: version) {
                report.add(.error, pipeline.problem(at: "sink.postgres", problem))
            } else {
                report.add(.fine, pipeline.problem(at: "sink.postgres", "reachable, schema version \(version)"))
                try await checkSink(pipeline, settings, &report)
                try await checkWriteAccess(pipeline, settings, &report)
                let live = try await store.live(tasks: pipeline.tasks.map(\.name))
                check(live, pipeline, loaded: loaded, missing: missing, &report)
                let manifests = try await checkLabels(of: live, pipeline, store: store, &report)
                try await checkShadows(pipeline, store: store, &report)
                try await RowProbe.check(pipeline, settings, live: manifests, &report)
                await checkNotifications(pipeline, through: settings, &report)
            }
        } catch {
            let isUnavailable = (error as? ConnectorError)?.action == .retry
            let text = "\(error)" + (isUnavailable ? "; lorikeet run would retry" : "")
            report.add(isUnavailable ? .warning : .error, pipeline.problem(at: "sink.postgres", text))
            report.findings += missing.map(\.finding)
        }
        await store.close()
        return report.findings
    }

    /// Opens the database as the daemon's sink does: with the role that needs the privileges.
    private static func checkSink(
        _ pipeline: PipelineConfiguration, _ settings: PostgresSettings, _ report: inout CheckReport
    ) async throws {
        let sink = PostgresLabelSink(settings, pipeline: pipeline.name)
        do throws(ConnectorError) {
            try await sink.connect()
            await sink.close()
        } catch {
            await sink.close()
            guard error.action == .stop else { throw ConnectorError(action: .retry, reason: error.reason) }
            report.add(.error, pipeline.problem(at: "sink.postgres", error.reason))
        }
    }

    /// Looks for a server, role or database that refuses every write: the sink would retry for ever.
    private static func checkWriteAccess(
        _ pipeline: PipelineConfiguration, _ settings: PostgresSettings, _ report: inout CheckReport
    ) async throws {
        switch try await WriteAccess.read(settings) {
        case .granted: break
        case .standby:
            report.add(
                .warning,
                pipeline.problem(
                    at: "sink.postgres",
                    "the server is a standby, read-only until it is promoted; lorikeet run would retry"))
        case .readOnly:
            report.add(
                .error,
                pipeline.problem(
                    at: "sink.postgres",
                    "transactions are read-only, so nothing can be stored: default_transaction_read_only is on "
                        + "for the server, the database or the role"))
        }
    }

    private static func check(
        _ live: [AdapterVersion], _ pipeline: PipelineConfiguration, loaded: LoadedBase?,
        missing: [CheckOperation.MissingAdapter], _ report: inout CheckReport
    ) {
        for missing in missing where !live.contains(where: { $0.task == missing.task.name }) {
            report.add(
                .error,
                ConfigurationProblem(
                    file: missing.problem.file, line: missing.problem.line, column: missing.problem.column,
                    key: missing.problem.key,
                    message:
                        "the adapter store has no live adapter of this task, and the file names no folder that "
                        + "contains one: run `lorikeet train`, then name its folder under adapter"))
        }
        for version in live {
            let key = "tasks.\(version.task)"
            if let base = loaded?.base, base.digest != version.baseDigest {
                report.add(
                    .error,
                    pipeline.problem(
                        at: key, "the live adapter, version \(version.version), was trained on another base"))
            } else {
                let text = "live adapter version \(version.version), digest \(version.digest.prefix(12))"
                report.add(.fine, pipeline.problem(at: key, text))
            }
        }
    }

    /// Says which challengers are in shadow, and why one may stay there.
    private static func checkShadows(
        _ pipeline: PipelineConfiguration, store: PostgresAdapterStore, _ report: inout CheckReport
    ) async throws {
        for version in try await store.shadows(tasks: pipeline.tasks.map(\.name)) {
            let key = "tasks.\(version.task)"
            guard let shadow = version.shadow else {
                let text =
                    "version \(version.version) is in shadow, and its terms cannot be read; "
                    + "promote a version to end the shadow"
                report.add(.warning, pipeline.problem(at: key, text))
                continue
            }
            let end = shadow.earliestEnd.formatted(.iso8601)
            let text = "version \(version.version) labels beside the live adapter, at least until \(end)"
            if pipeline.retrain?.paused.contains(version.task) == true {
                let pause = "\(text), and as long as retrain.paused names the task"
                report.add(.warning, pipeline.problem(at: key, pause))
            } else {
                report.add(.fine, pipeline.problem(at: key, text))
            }
        }
    }

    /// Tries `sink.postgres_direct` with a notification. Without notifications the daemon still polls, so nothing here
    /// is an error.
    private static func checkNotifications(
        _ pipeline: PipelineConfiguration, through settings: PostgresSettings, _ report: inout CheckReport
    ) async {
        guard let direct = pipeline.sink.postgresDirect else { return }
        var listening = settings
        listening.dsn = direct.value
        do throws(ConnectorError) {
            let arrived = try await AdapterNotifications.arrive(at: listening, sentThrough: settings)
            report.add(
                arrived ? .fine : .warning,
                pipeline.problem(
                    at: "sink.postgres_direct",
                    arrived ? "notifications arrive" : "no notification arrives: is it the database of sink.postgres?"))
        } catch {
            report.add(.warning, pipeline.problem(at: "sink.postgres_direct", "\(error)"))
        }
    }

    /// - Returns: the manifests of the live adapters that can be read, by task.
    private static func checkLabels(
        of live: [AdapterVersion], _ pipeline: PipelineConfiguration, store: PostgresAdapterStore,
        _ report: inout CheckReport
    ) async throws -> [String: AdapterManifest] {
        var manifests: [String: AdapterManifest] = [:]
        for version in live {
            guard let task = pipeline.task(version.task) else { continue }
            do {
                let manifest = try await store.manifest(of: version)
                manifests[task.name] = manifest
                try await check(manifest, of: version, for: task, pipeline, store: store, &report)
            } catch let error where error is DamagedAdapter || error is AdapterStoreError {
                let words = "the live adapter, version \(version.version), cannot be used: \(error)"
                report.add(.error, pipeline.problem(at: "tasks.\(task.name)", words))
            }
        }
        return manifests
    }

    /// Compares a live adapter with what the pipeline file wants of its task.
    private static func check(
        _ manifest: AdapterManifest, of version: AdapterVersion, for task: TaskConfiguration,
        _ pipeline: PipelineConfiguration, store: PostgresAdapterStore, _ report: inout CheckReport
    ) async throws {
        func add(_ severity: CheckReport.Severity, at key: String, _ words: String) {
            let words = "\(words) (live adapter, version \(version.version))"
            report.add(severity, pipeline.problem(at: "tasks.\(task.name).\(key)", words))
        }
        if let doubt = task.abstention?.doubt(manifest) { add(.warning, at: "abstain_below", doubt) }
        if let doubt = LongTextsChoice.doubt(task.longTexts, of: manifest) { add(.warning, at: "long_texts", doubt) }
        if let noneOfThese = task.noneOfThese {
            let json = try await store.driftReference(digest: version.digest)
            let reference = json.flatMap {
                try? DriftReference(json: $0, adapterDigest: version.digest, labels: manifest.labels.count)
            }
            if let doubt = noneOfThese.doubt(reference?.spread) { add(.warning, at: "none_of_these", doubt) }
        }
        if let mismatch = task.form.mismatch(manifest) { add(.error, at: "labels", mismatch) }
    }
}
