import AdapterRegistry
import BERT
import Connectors
import Pipelines
import Retraining
import Serving

/// Asks a pipeline's database for the labelled rows of its tasks, with the role that a retraining has: whether the
/// query of the file can run, which labels wait for rows, and which rows cannot be used.
struct RowProbe {
    private let pipeline: PipelineConfiguration
    private let source: PostgresLabelledRowSource

    /// - Parameter live: the manifests of the live adapters, by task.
    static func check(
        _ pipeline: PipelineConfiguration, _ settings: PostgresSettings, live: [String: AdapterManifest],
        _ report: inout CheckReport
    ) async throws {
        try await PostgresLabelledRowSource(settings, selection: pipeline.rowSelection).closing { source in
            let probe = RowProbe(pipeline: pipeline, source: source)
            let canRead = pipeline.retrain?.query == nil ? true : try await probe.checkQuery(&report)
            if canRead {
                for task in pipeline.tasks { try await probe.check(task, live[task.name], &report) }
            }
        }
    }

    /// - Returns: whether the query can run.
    private func checkQuery(_ report: inout CheckReport) async throws -> Bool {
        let key = "retrain.query"
        do throws(ConnectorError) {
            // What it reads may depend on the task.
            var remarks: Set<String> = []
            for task in pipeline.tasks {
                guard let remark = try await source.remark(task: task.name) else { continue }
                if remarks.insert(remark).inserted { report.add(.warning, pipeline.problem(at: key, remark)) }
            }
            report.add(.fine, pipeline.problem(at: key, "can run, and has the columns of labelled rows"))
            return true
        } catch {
            guard error.action == .stop else { throw error }
            let prefix = key + ": "
            let reason = error.reason.hasPrefix(prefix) ? String(error.reason.dropFirst(prefix.count)) : error.reason
            report.add(.error, pipeline.problem(at: key, reason))
            return false
        }
    }

    private func check(
        _ task: TaskConfiguration, _ live: AdapterManifest?, _ report: inout CheckReport
    ) async throws {
        // Without `retrain` nothing waits for rows.
        let census =
            pipeline.retrain == nil ? nil : try await task.census(of: source, isMultiLabel: live?.isMultiLabel)
        if let census, let sentence = census.description.sentence {
            report.add(.warning, pipeline.problem(at: "tasks.\(task.name)", sentence))
        }
        guard let live, let pending = task.form.pending(live) else { return }
        let missing = task.form.missingLabels(live).map { label in
            census.map { "\(label) (labelled rows: \($0.rows[label, default: 0]))" } ?? label
        }
        let waiting = missing.isEmpty ? "" : "; waiting for rows: " + missing.joined(separator: ", ")
        report.add(
            .warning,
            pipeline.problem(
                at: "tasks.\(task.name).labels",
                "the live adapter labels until one with these labels is promoted: \(pending)\(waiting)"))
    }
}
