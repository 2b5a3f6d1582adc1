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
        var lineup = Lineup(snapshot)
        var batch = PackedBatch()
        var assignments: [[Int]] = []
        /// Per text: its index in the packed batch, or why it is not in it.
        var indicesInBatch: [Result<Int, ClassifyError>] = []
        for text in texts {
            do throws(ClassifyError) {
                try check(text.tokens)
                let assignment = try lineup.assignment(of: text.tasks)
                indicesInBatch.append(.success(assignments.count))
                batch.append(text.tokens)
                assignments.append(assignment)
            } catch {
                indicesInBatch.append(.failure(error))
            }
        }
        let results = assignments.isEmpty ? [] : self.results(batch, lineup, assignments)
        var observations: [String: [TextObservation]] = [:]
        let finished = zip(texts, indicesInBatch).map { text, index in
            let outcome = outcome(of: text, at: index, results: results, lineup: lineup) { task, observation in
                observations[task, default: []].append(observation)
            }
            return FinishedText(ticket: text.ticket, outcome: outcome)
        }
        for (task, texts) in observations { lineup.live(task)?.drift.record(texts) }
        return finished
    }

    /// The adapters of a batch: the live one of each task and, where there is one, its challenger in shadow.
    private struct Lineup {
        /// For the pass.
        private(set) var adapters: [Adapter] = []
        /// The live adapter in each place of ``adapters``; nil where a challenger stands.
        private(set) var lives: [LiveAdapter?] = []
        private let snapshot: LiveSnapshot
        private var places: [String: (live: Int, shadow: Int?)] = [:]

        init(_ snapshot: LiveSnapshot) { self.snapshot = snapshot }

        func live(_ task: String) -> LiveAdapter? { snapshot.adapters[task] }

        /// The challenger that labels for a task in this batch.
        func shadow(_ task: String) -> ShadowAdapter? { places[task]?.shadow == nil ? nil : live(task)?.shadow }

        /// The places of the live adapters of these tasks, in their order, and after them those of the challengers.
        mutating func assignment(of tasks: [TaskDefinition]) throws(ClassifyError) -> [Int] {
            var assignment: [Int] = []
            var shadows: [Int] = []
            for task in tasks {
                let places = try places(of: task.name)
                assignment.append(places.live)
                if let shadow = places.shadow { shadows.append(shadow) }
            }
            return assignment + shadows
        }

        private mutating func places(of task: String) throws(ClassifyError) -> (live: Int, shadow: Int?) {
            if let known = places[task] { return known }
            guard let live = live(task) else { throw .noLiveAdapter(task: task) }
            var found: (live: Int, shadow: Int?) = (adapters.count, nil)
            adapters.append(live.adapter)
            lives.append(live)
            // Asked once per batch, because it may fail meanwhile.
            if let shadow = live.shadow, shadow.monitor.failure == nil {
                found.shadow = adapters.count
                adapters.append(shadow.adapter)
                lives.append(nil)
            }
            places[task] = found
            return found
        }
    }

    /// What one adapter says of one text.
    private struct TaskResult {
        var logits: [Float] = []
        /// From the centres of the labels.
        var distances = TextDistances()
    }

    private func results(_ batch: PackedBatch, _ lineup: Lineup, _ assignments: [[Int]]) -> [[TaskResult]] {
        var results = assignments.map { [TaskResult](repeating: TaskResult(), count: $0.count) }
        pass.forEachVector(batch, adapters: lineup.adapters, assignments: assignments) {
            text, place, logits, pooled in
            // The vector is valid only here, so the distances are computed before the answer is.
            var best = 0
            for label in logits.indices where logits[label] > logits[best] { best = label }
            results[text][place] = TaskResult(
                logits: Array(logits),
                distances: lineup.lives[assignments[text][place]]?.drift.distances(pooled, label: best)
                    ?? TextDistances())
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
        of text: PreparedText, at index: Result<Int, ClassifyError>, results: [[TaskResult]], lineup: Lineup,
        observe: (_ task: String, TextObservation) -> Void
    ) -> Outcome {
        do throws(ClassifyError) {
            let results = results[try index.get()]
            var labels: [TaskLabel] = []
            var observations: [TextObservation] = []
            for (task, result) in zip(text.tasks, results) {
                guard let live = lineup.live(task.name) else { throw .noLiveAdapter(task: task.name) }
                let answer = try answer(task, logits: result.logits, adapter: live.adapter)
                let distance = result.distances.relative
                let label = label(
                    task, answer, of: live.adapter, distance: distance,
                    isNoneOfThese: task.noneOfThese?.holds(distance: distance, live.drift.spread) ?? false)
                labels.append(label)
                observations.append(
                    TextObservation(
                        answer, of: live.adapter, tokens: text.tokens.count, unknownTokens: text.unknownTokens,
                        distances: result.distances, abstained: task.canAbstain ? label.abstained : nil))
            }
            // Only once no task has failed: a text that is rejected counts for none.
            for (task, observation) in zip(text.tasks, observations) { observe(task.name, observation) }
            let shadows = shadowLabels(text.tasks, results.dropFirst(labels.count), beside: labels, lineup)
            return .labelled(
                LabelledMessage(message: text.message, text: text.text, labels: labels, shadows: shadows))
        } catch {
            return .rejected(Rejection(message: text.message, stage: .classify, cause: error.cause, reason: "\(error)"))
        }
    }

    /// What challengers in shadow say of a text that is labelled. One that fails is left out from then on.
    private func shadowLabels(
        _ tasks: [TaskDefinition], _ results: ArraySlice<TaskResult>, beside labels: [TaskLabel],
        _ lineup: Lineup
    ) -> [ShadowLabel] {
        let challengers = zip(tasks, labels).compactMap { task, label in
            lineup.shadow(task.name).map { (task: task, champion: label, shadow: $0) }
        }
        return zip(challengers, results).compactMap { challenger, result in
            let (task, champion, shadow) = challenger
            do throws(ClassifyError) {
                let answer = try answer(task, logits: result.logits, adapter: shadow.adapter)
                // A challenger has no distances yet: a text that the champion finds unlike everything is so to it too.
                let label = label(
                    task, answer, of: shadow.adapter, distance: nil, isNoneOfThese: champion.isNoneOfThese)
                let change = shadow.change(from: champion.given, to: label.given)
                shadow.monitor.record(change, championScore: champion.score, challengerScore: label.score)
                return ShadowLabel(label: label, champion: champion, change: change)
            } catch {
                shadow.monitor.fail("\(error)")
                return nil
            }
        }
    }

    private func answer(_ task: TaskDefinition, logits: [Float], adapter: Adapter) throws(ClassifyError) -> Answer {
        guard !logits.isEmpty, logits.allSatisfy(\.isFinite) else { throw .notANumber(task: task.name) }
        return adapter.answer(logits)
    }

    private func label(
        _ task: TaskDefinition, _ answer: Answer, of adapter: Adapter, distance: Double?, isNoneOfThese: Bool
    ) -> TaskLabel {
        let isBelow = task.abstention.map { answer.score < $0.threshold(for: adapter.manifest) } ?? false
        let abstains = isBelow || isNoneOfThese
        let isMultiLabel = adapter.manifest.isMultiLabel
        return TaskLabel(
            task: task.name, label: abstains || isMultiLabel ? nil : adapter.labels[answer.best],
            labels: isMultiLabel && !abstains ? answer.chosen.map { adapter.labels[$0] } : nil, score: answer.score,
            scores: Array(zip(adapter.labels, answer.scores)).map { (label: $0, score: $1) }, abstained: abstains,
            distance: distance, isNoneOfThese: isNoneOfThese, adapterDigest: adapter.digest,
            dataType: adapter.baseDataType)
    }
}

extension TaskDefinition {
    fileprivate var canAbstain: Bool { abstention != nil || noneOfThese != nil }
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
