import BERT
import Threading
import Training

/// Whether a challenger that won keeps its quality over the base that serves, if that is not float32.
struct PrecisionReview {
    let pipeline: RetrainingPipeline
    let task: String
    let isCancelled: @Sendable () -> Bool

    /// Compares the challenger over both bases on the held-out rows.
    ///
    /// - Returns: nil where the base is float32, or where the pipeline was given no base in float32.
    func result(_ challenger: Adapter, on rows: [LabelledText]) async throws -> VerdictReport.Precision? {
        let precision = pipeline.base.precision
        guard precision != .float32, let load = pipeline.otherBase else { return nil }
        let (pipeline, task, isCancelled) = (pipeline, task, isCancelled)
        return try await SystemThread.run(name: "retraining", stackSize: 8 << 20) {
            let float32: BERTBase
            do { float32 = try load(.float32) } catch {
                return VerdictReport.Precision(unchecked: "\(error)", of: precision)
            }
            guard float32.digest == pipeline.base.digest else {
                return VerdictReport.Precision(
                    unchecked: "the folder of the base has another base by now", of: precision)
            }
            // A base that cannot be read must not lose the challenger: float32 is finer than any.
            func finer() -> BERTBase {
                let type = pipeline.settings.fallsBack ? precision.dataType.fallback : .float32
                return type == .float32 ? float32 : (try? load(type)) ?? float32
            }
            let settings = pipeline.settings.training
            let check = try PrecisionCheck(
                float32: float32, tokenizer: pipeline.tokenizer,
                subjects: [PrecisionCheck.Subject(task: task, adapter: challenger, rows: rows)],
                limits: pipeline.settings.precision, workers: settings.workers, maxTokens: settings.maxTokens)
            return VerdictReport.Precision(
                try PrecisionFallback(check, reduced: pipeline.base, finer: finer, isOver: isCancelled), of: precision,
                fallsBack: pipeline.settings.fallsBack)
        }
    }

    /// Holds a challenger that won if the precision costs it too much and no layer falls back for it.
    static func apply(_ precision: VerdictReport.Precision?, to decision: inout GateDecision) {
        guard let precision else { return }
        guard precision.holds else {
            decision.reason += "; \(precision.reason)"
            return
        }
        decision.verdict = .held
        // A person may still promote it by hand, but is not asked to.
        decision.findings.awaitsApproval = false
        decision.reason += "; it is held: \(precision.reason)"
    }
}
