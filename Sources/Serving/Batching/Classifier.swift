import AdapterRegistry
import BERT
import Drift

/// Labels batches over the base of their adapters, whatever its precision. Not Sendable: one per worker.
final class Classifier {
    private let configuration: BERTConfiguration

    // MARK: - Mutable State

    /// Over the base of the last batch.
    private var pass: InferencePass?

    init(configuration: BERTConfiguration) { self.configuration = configuration }

    private func pass(over base: BERTBase) -> InferencePass {
        if let pass, pass.base === base { return pass }
        let new = InferencePass(base: base)
        pass = new
        return new
    }

    /// Computes the windows of a batch and labels each text whose last window is among them.
    ///
    /// A text that cannot be labelled is rejected alone.
    ///
    /// - Parameter snapshot: holds for the texts that have no window in an earlier batch.
    /// - Returns: the texts that have finished.
    func outcomes(of windows: [PreparedWindow], snapshot: LiveSnapshot) -> [FinishedText] {
        var parts: [Part] = []
        var finished: [FinishedText] = []
        for window in windows {
            // Another window of the text has failed.
            guard let snapshot = window.text.begin(snapshot) else { continue }
            do throws(ClassifyError) {
                try check(window.tokens)
                let tasks = window.content.tasks.map { window.text.tasks[$0].name }
                let base = try Self.base(of: tasks, in: snapshot)
                let place = parts.firstIndex { $0.base === base } ?? parts.count
                if place == parts.count { parts.append(Part(base: base)) }
                try parts[place].add(window, tasks: tasks, snapshot)
            } catch {
                if window.text.fail() { finished.append(rejection(of: window.text, error)) }
            }
        }
        var observations = Observations()
        for part in parts {
            for ((window, places), answers) in zip(part.windows, answers(part)) {
                let result = part.lineup.result(places, answers)
                guard let whole = window.text.add(result, of: window.number) else { continue }
                finished.append(finishedText(window.text, whole, &observations))
            }
        }
        observations.record()
        return finished
    }

    /// The base of all adapters of a snapshot.
    private static func base(of tasks: [String], in snapshot: LiveSnapshot) throws(ClassifyError) -> BERTBase {
        guard let live = tasks.lazy.compactMap({ snapshot.adapters[$0] }).first else {
            throw .noLiveAdapter(task: tasks.first ?? "")
        }
        return live.adapter.base
    }

    /// The windows of a batch over one base: all of them, but in the moment when the adapters are put over another one.
    private struct Part {
        let base: BERTBase
        private(set) var lineup = Lineup()
        private(set) var batch = PackedBatch()
        private(set) var windows: [(window: PreparedWindow, places: [Lineup.Places])] = []

        init(base: BERTBase) { self.base = base }

        mutating func add(
            _ window: PreparedWindow, tasks: [String], _ snapshot: LiveSnapshot
        ) throws(ClassifyError) {
            var places: [Lineup.Places] = []
            for task in tasks { places.append(try lineup.places(of: task, in: snapshot)) }
            batch.append(window.tokens)
            windows.append((window, places))
        }
    }

    private func rejection(of text: PreparedText, _ error: ClassifyError) -> FinishedText {
        let rejection = Rejection(message: text.message, stage: .classify, cause: error.cause, reason: "\(error)")
        return FinishedText(ticket: text.ticket, outcome: .rejected(rejection), receivedAt: text.receivedAt)
    }

    /// The adapters of a batch: the live one of each task and, where there is one, its challenger in shadow.
    private struct Lineup {
        /// Places among ``adapters``.
        struct Places {
            let live: Int
            let shadow: Int?
        }

        /// A task at one moment: windows of a long text keep the adapters of its first batch.
        private struct Key: Hashable {
            let task: String
            let generation: UInt64
        }

        /// For the pass.
        private(set) var adapters: [Adapter] = []
        /// The live adapter in each place of ``adapters``, or the one beside a challenger.
        private(set) var lives: [LiveAdapter] = []
        private var known: [Key: Places] = [:]

        mutating func places(of task: String, in snapshot: LiveSnapshot) throws(ClassifyError) -> Places {
            let key = Key(task: task, generation: snapshot.generation)
            if let places = known[key] { return places }
            guard let live = snapshot.adapters[task] else { throw .noLiveAdapter(task: task) }
            let place = adapters.count
            adapters.append(live.adapter)
            lives.append(live)
            // Asked once per batch, because it may fail meanwhile.
            var shadowPlace: Int?
            if let shadow = live.shadow, shadow.monitor.failure == nil {
                shadowPlace = adapters.count
                adapters.append(shadow.adapter)
                lives.append(live)
            }
            let places = Places(live: place, shadow: shadowPlace)
            known[key] = places
            return places
        }

        /// The adapters of a sequence: the live ones in the order of its tasks, and after them the challengers.
        func assignment(_ places: [Places]) -> [Int] { places.map(\.live) + places.compactMap(\.shadow) }

        /// - Parameter answers: in the order of ``assignment(_:)``.
        func result(_ places: [Places], _ answers: [WindowResult.Answer]) -> WindowResult {
            var shadows = answers.dropFirst(places.count)
            return WindowResult(
                readings: zip(places, answers).map { place, answer in
                    let live = lives[place.live]
                    let challenger = place.shadow == nil ? nil : live.shadow
                    let shadow = challenger.flatMap { adapter in
                        shadows.popFirst().map { (adapter: adapter, answer: $0) }
                    }
                    return WindowResult.Reading(live: live, answer: answer, shadow: shadow)
                })
        }
    }

    private func answers(_ part: Part) -> [[WindowResult.Answer]] {
        if part.windows.isEmpty { return [] }
        let (lineup, places) = (part.lineup, part.windows.map(\.places))
        let assignments = places.map(lineup.assignment)
        var answers = assignments.map { [WindowResult.Answer](repeating: .init(), count: $0.count) }
        pass(over: part.base).forEachVector(part.batch, adapters: lineup.adapters, assignments: assignments) {
            sequence, place, logits, pooled in
            // The vector is valid only here, so the distances are computed before the answer is.
            var best = 0
            for label in logits.indices where logits[label] > logits[best] { best = label }
            let isLive = place < places[sequence].count
            let drift = lineup.lives[assignments[sequence][place]].drift
            answers[sequence][place] = WindowResult.Answer(
                logits: Array(logits), distances: isLive ? drift.distances(pooled, label: best) : TextDistances())
        }
        return answers
    }

    private func check(_ tokens: [Int32]) throws(ClassifyError) {
        guard tokens.count <= configuration.positions else {
            throw .tooManyTokens(tokens.count, positions: configuration.positions)
        }
        guard !tokens.isEmpty, tokens.allSatisfy({ $0 >= 0 && Int($0) < configuration.vocabulary }) else {
            throw .unknownToken
        }
    }

    // MARK: - Texts

    /// What is known of the texts of a batch, for the drift of each live adapter.
    private struct Observations {
        private var texts: [ObjectIdentifier: (drift: DriftMonitor, texts: [TextObservation])] = [:]

        mutating func add(_ observation: TextObservation, to drift: DriftMonitor) {
            texts[ObjectIdentifier(drift), default: (drift, [])].texts.append(observation)
        }

        func record() {
            for (drift, texts) in texts.values { drift.record(texts) }
        }
    }

    private func finishedText(
        _ text: PreparedText, _ windows: [WindowResult], _ observations: inout Observations
    ) -> FinishedText {
        do throws(ClassifyError) {
            var labels: [TaskLabel] = []
            var shadows: [ShadowLabel] = []
            var observed: [(TextObservation, DriftMonitor)] = []
            for place in text.tasks.indices {
                let reading = PooledReading(text, task: place, windows)
                let (task, live) = (text.tasks[place], reading.live)
                let answer = try reading.pooledAnswer(of: live.adapter)
                let distance = answer.distances.relative
                let label = label(
                    task, answer.answer, of: live.adapter, distance: distance,
                    isNoneOfThese: task.noneOfThese?.holds(distance: distance, live.drift.spread) ?? false,
                    longText: reading.longText(loudest: answer.loudest))
                labels.append(label)
                observed.append(
                    (
                        TextObservation(
                            answer.answer, of: live.adapter, tokens: reading.tokens,
                            unknownTokens: reading.unknownTokens,
                            distances: answer.distances, abstained: task.canAbstain ? label.abstained : nil), live.drift
                    ))
                shadowLabel(reading, beside: label).map { shadows.append($0) }
            }
            // Only once no task has failed: a text that is rejected counts for none.
            for (observation, drift) in observed { observations.add(observation, to: drift) }
            return FinishedText(
                ticket: text.ticket,
                outcome: .labelled(
                    LabelledMessage(message: text.message, text: text.text, labels: labels, shadows: shadows)),
                receivedAt: text.receivedAt, tappedText: text.tappedText)
        } catch {
            return rejection(of: text, error)
        }
    }

    /// What a challenger in shadow says of a text that is labelled. One that fails is left out from then on.
    private func shadowLabel(_ reading: PooledReading, beside champion: TaskLabel) -> ShadowLabel? {
        guard let shadow = reading.shadow else { return nil }
        do throws(ClassifyError) {
            let answer = try reading.pooledAnswer(ofShadow: shadow)
            // A challenger has no distances yet: a text that the champion finds unlike everything is so to it too.
            let label = label(
                reading.task, answer.answer, of: shadow.adapter, distance: nil, isNoneOfThese: champion.isNoneOfThese,
                longText: reading.longText(loudest: answer.loudest))
            let change = shadow.change(from: champion.given, to: label.given)
            shadow.monitor.record(change, championScore: champion.score, challengerScore: label.score)
            return ShadowLabel(label: label, champion: champion, change: change)
        } catch {
            shadow.monitor.fail("\(error)")
            return nil
        }
    }

    private func label(
        _ task: TaskDefinition, _ answer: Answer, of adapter: Adapter, distance: Double?, isNoneOfThese: Bool,
        longText: LongTextReading?
    ) -> TaskLabel {
        let isBelow = task.abstention.map { answer.score < $0.threshold(for: adapter.manifest) } ?? false
        let abstains = isBelow || isNoneOfThese
        let isMultiLabel = adapter.manifest.isMultiLabel
        return TaskLabel(
            task: task.name, label: abstains || isMultiLabel ? nil : adapter.labels[answer.best],
            labels: isMultiLabel && !abstains ? answer.chosen.map { adapter.labels[$0] } : nil, score: answer.score,
            scores: Array(zip(adapter.labels, answer.scores)).map { (label: $0, score: $1) }, abstained: abstains,
            distance: distance, isNoneOfThese: isNoneOfThese, adapterDigest: adapter.digest,
            dtype: adapter.baseDtype, longText: longText)
    }
}

extension TaskDefinition {
    fileprivate var canAbstain: Bool { abstention != nil || noneOfThese != nil }
}
