import AdapterRegistry
import BERT

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
        let logits =
            assignments.isEmpty
            ? [] : pass.logits(batch, adapters: adapters.map(\.adapter), assignments: assignments)
        return zip(texts, indicesInBatch).map { text, index in
            FinishedText(ticket: text.ticket, outcome: outcome(of: text, at: index, logits: logits, snapshot: snapshot))
        }
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
        of text: PreparedText, at index: Result<Int, ClassifyError>, logits: [[[Float]]], snapshot: LiveSnapshot
    ) -> Outcome {
        do throws(ClassifyError) {
            let index = try index.get()
            var labels: [TaskLabel] = []
            for (task, taskLogits) in zip(text.tasks, logits[index]) {
                guard let live = snapshot.adapters[task.name] else { throw .noLiveAdapter(task: task.name) }
                labels.append(try label(task, logits: taskLogits, adapter: live.adapter))
            }
            return .labelled(LabelledMessage(message: text.message, text: text.text, labels: labels))
        } catch {
            return .rejected(Rejection(message: text.message, stage: .classify, cause: error.cause, reason: "\(error)"))
        }
    }

    private func label(_ task: TaskDefinition, logits: [Float], adapter: Adapter) throws(ClassifyError) -> TaskLabel {
        guard !logits.isEmpty, logits.allSatisfy(\.isFinite) else { throw .notANumber(task: task.name) }
        let answer = adapter.answer(logits)
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
