import AdapterRegistry
import BERT
import Drift

/// Labels batches over one base. Not Sendable: one per worker.
struct Classifier {
    private let base: BERTBase
    private let pass: InferencePass

    init(base: BERTBase) {
        self.base = base
        pass = InferencePass(base: base)
    }

    /// Labels a batch with the adapters of one snapshot. A text that cannot be labelled is rejected alone.
    func outcomes(of texts: [PreparedText], snapshot: LiveSnapshot) -> [FinishedText] {
        var adapters: [LiveAdapter] = []
        var indices: [String: Int] = [:]
        var batch = PackedBatch()
        var assignments: [[Int]] = []
        /// Per text: its index in the packed batch, or why it is not in it.
        var indicesInBatch: [Result<Int, ClassifyError>] = []
        for text in texts {
            do throws(ClassifyError) {
                try check(text.tokens)
                var assignment: [Int] = []
                for task in text.tasks {
                    if indices[task.name] == nil {
                        guard let live = snapshot.adapters[task.name] else { throw .noLiveAdapter(task: task.name) }
                        indices[task.name] = adapters.count
                        adapters.append(live)
                    }
                    if let index = indices[task.name] { assignment.append(index) }
                }
                indicesInBatch.append(.success(assignments.count))
                batch.append(text.tokens)
                assignments.append(assignment)
            } catch {
                indicesInBatch.append(.failure(error))
            }
        }
        let results = assignments.isEmpty ? [] : self.results(batch, adapters, assignments)
        var observations = adapters.map { _ in [TextObservation]() }
        let finished = zip(texts, indicesInBatch).map { text, index in
            let outcome = outcome(of: text, at: index, results: results, snapshot: snapshot) { task, observation in
                if let index = indices[task] { observations[index].append(observation) }
            }
            return FinishedText(ticket: text.ticket, outcome: outcome)
        }
        for (live, texts) in zip(adapters, observations) { live.drift.record(texts) }
        return finished
    }

    /// What one adapter says of one text.
    private struct TaskResult {
        var logits: [Float] = []
        /// From the centre of the best label; nil while the label has none.
        var distance: Float?
    }

    private func results(
        _ batch: PackedBatch, _ adapters: [LiveAdapter], _ assignments: [[Int]]
    ) -> [[TaskResult]] {
        var results = assignments.map { [TaskResult](repeating: TaskResult(), count: $0.count) }
        pass.forEachVector(batch, adapters: adapters.map(\.adapter), assignments: assignments) {
            text, place, logits, pooled in
            // The vector is valid only here, so the distance is computed before the answer is.
            var best = 0
            for label in logits.indices where logits[label] > logits[best] { best = label }
            results[text][place] = TaskResult(
                logits: Array(logits), distance: adapters[assignments[text][place]].drift.distance(pooled, label: best))
        }
        return results
    }

    private func check(_ tokens: [Int32]) throws(ClassifyError) {
        let configuration = base.configuration
        guard tokens.count <= configuration.positions else {
            throw .tooManyTokens(tokens.count, positions: configuration.positions)
        }
        guard !tokens.isEmpty, tokens.allSatisfy({ $0 >= 0 && Int($0) < configuration.vocabulary }) else {
            throw .unknownToken
        }
    }

    private func outcome(
        of text: PreparedText, at index: Result<Int, ClassifyError>, results: [[TaskResult]], snapshot: LiveSnapshot,
        observe: (_ task: String, TextObservation) -> Void
    ) -> Outcome {
        do throws(ClassifyError) {
            let index = try index.get()
            var labels: [TaskLabel] = []
            var observations: [TextObservation] = []
            for (task, result) in zip(text.tasks, results[index]) {
                guard let live = snapshot.adapters[task.name] else { throw .noLiveAdapter(task: task.name) }
                let answer = try answer(task, logits: result.logits, adapter: live.adapter)
                let label = label(task, answer, adapter: live.adapter)
                labels.append(label)
                observations.append(
                    TextObservation(
                        answer, of: live.adapter, tokens: text.tokens.count, unknownTokens: text.unknownTokens,
                        distance: result.distance, abstained: task.abstention == nil ? nil : label.abstained))
            }
            // Only once no task has failed: a text that is rejected counts for none.
            for (task, observation) in zip(text.tasks, observations) { observe(task.name, observation) }
            return .labelled(LabelledMessage(message: text.message, text: text.text, labels: labels))
        } catch {
            return .rejected(Rejection(message: text.message, stage: .classify, cause: error.cause, reason: "\(error)"))
        }
    }

    private func answer(_ task: TaskDefinition, logits: [Float], adapter: Adapter) throws(ClassifyError) -> Answer {
        guard !logits.isEmpty, logits.allSatisfy(\.isFinite) else { throw .notANumber(task: task.name) }
        return adapter.answer(logits)
    }

    private func label(_ task: TaskDefinition, _ answer: Answer, adapter: Adapter) -> TaskLabel {
        let abstains = task.abstention.map { answer.score < $0.threshold(for: adapter.manifest) } ?? false
        let isMultiLabel = adapter.manifest.isMultiLabel
        return TaskLabel(
            task: task.name, label: abstains || isMultiLabel ? nil : adapter.labels[answer.best],
            labels: isMultiLabel && !abstains ? answer.chosen.map { adapter.labels[$0] } : nil, score: answer.score,
            scores: Array(zip(adapter.labels, answer.scores)).map { (label: $0, score: $1) }, abstained: abstains,
            adapterDigest: adapter.digest)
    }
}

/// Why one text could not be labelled.
enum ClassifyError: Error, CustomStringConvertible {
    case noLiveAdapter(task: String)
    case tooManyTokens(Int, positions: Int)
    case unknownToken
    case notANumber(task: String)

    /// The metric label.
    var cause: String {
        switch self {
        case .noLiveAdapter: "no-adapter"
        case .tooManyTokens: "too-many-tokens"
        case .unknownToken: "unknown-token"
        case .notANumber: "not-a-number"
        }
    }

    var description: String {
        switch self {
        case .noLiveAdapter(let task): "task \(task) has no live adapter"
        case .tooManyTokens(let count, let positions): "\(count) tokens exceed the base's \(positions) positions"
        case .unknownToken: "a token is not in the base's vocabulary"
        case .notANumber(let task): "the scores of task \(task) are NaN or infinite"
        }
    }
}
