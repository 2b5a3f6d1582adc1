import BERT
import Drift
import Kernels
import Training
import WordPiece

/// Measures drift detection on labelled texts: first shuffled ones, which must not alarm, then those of one label
/// only, which must.
///
/// As in a daemon without a stored reference, the first 500 texts give the centres and the next 2,000 the profile.
public struct DriftBenchmark {
    private let tokenizer: WordPieceTokenizer
    private let maxTokens: Int
    /// What measures the reference, and what measures the texts after it.
    private let reference, live: Side

    /// An adapter over a base.
    private struct Side {
        let adapter: Adapter
        let measurement: ReferenceMeasurement
    }

    /// A detector is given at most this many texts of one label.
    static let longestShift = 1_000

    /// - Parameters:
    ///   - base: of the reference.
    ///   - live: the same base in the type in which the texts after the reference are labelled.
    ///   - maxTokens: longer texts are truncated.
    ///   - workers: threads that classify.
    public init(
        base: BERTBase, live: BERTBase, tokenizer: WordPieceTokenizer, adapter: Adapter, maxTokens: Int, workers: Int
    ) throws(AdapterError) {
        func side(_ base: BERTBase) throws(AdapterError) -> Side {
            Side(
                adapter: try adapter.over(base),
                measurement: ReferenceMeasurement(base: base, workers: workers, unknownToken: tokenizer.unknownID))
        }
        (self.tokenizer, self.maxTokens) = (tokenizer, maxTokens)
        (reference, self.live) = (try side(base), try side(live))
    }

    /// Runs once.
    ///
    /// - Parameters:
    ///   - steady: how many shuffled texts must not alarm.
    ///   - seed: of the order of the texts.
    public func run(_ rows: [LabelledText], steady: Int, seed: UInt64) throws -> DriftFigures {
        var random = SplitMix64(seed: seed)
        let rows = rows.shuffled(using: &random)
        let (centreCount, profileCount) = (DriftMonitor.centreTexts, DriftMonitor.profileTexts)
        let needed = centreCount + profileCount + steady
        guard rows.count > needed else {
            throw LabError(
                "\(rows.count) rows are too few: \(needed) shuffled ones and some for each shift are required")
        }
        guard let centres = reference.measurement.centres(of: reference.adapter, texts(rows[..<centreCount])) else {
            throw LabError("the engine returned no vectors")
        }
        var profile = TextProfile(labels: reference.adapter.labels.count)
        let known = rows[centreCount..<centreCount + profileCount]
        for text in observations(reference, known, centres) { profile.add(text) }
        var detector = DriftDetector(reference: profile)
        var figures = DriftFigures(seed: seed, steadyTexts: steady)
        for text in observations(live, rows[centreCount + profileCount..<needed], centres) {
            let wasQuiet = detector.status.alarms.isEmpty
            detector.add(text)
            if wasQuiet, !detector.status.alarms.isEmpty { figures.falseAlarms += 1 }
            for (signal, index) in detector.status.stabilityIndices {
                figures.largestIndices[signal] = max(figures.largestIndices[signal] ?? 0, index)
            }
        }
        figures.estimatedAccuracy = detector.status.estimatedAccuracy
        for label in Set(rows.flatMap(\.labels)).sorted() {
            let shifted = rows[needed...].filter { $0.labels == [label] }.prefix(Self.longestShift)
            figures.shifts.append(shift(to: label, observations(live, shifted[...], centres), detector))
        }
        return figures
    }

    private func shift(to label: String, _ texts: [TextObservation], _ steady: DriftDetector) -> DriftFigures.Shift {
        var detector = steady
        for (index, text) in texts.enumerated() {
            detector.add(text)
            if !detector.status.alarms.isEmpty {
                return DriftFigures.Shift(label: label, textsUntilAlarm: index + 1, signals: detector.status.alarms)
            }
        }
        return DriftFigures.Shift(label: label, textsUntilAlarm: nil, signals: [])
    }

    private func observations(
        _ side: Side, _ rows: ArraySlice<LabelledText>, _ centres: ReferenceCentres
    ) -> [TextObservation] {
        side.measurement.observations(of: side.adapter, texts(rows), centres: centres)
    }

    private func texts(_ rows: ArraySlice<LabelledText>) -> ReferenceMeasurement.Texts {
        let (texts, tokenizer, maxTokens) = (rows.map(\.text), tokenizer, maxTokens)
        return ReferenceMeasurement.Texts(count: texts.count) { tokenizer.encode(texts[$0], maxTokens: maxTokens) }
    }
}
