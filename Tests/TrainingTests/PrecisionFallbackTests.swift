import BERT
import TestSupport
import Testing
import WordPiece

@testable import Training

/// A base of which int8 destroys one linear layer, and one of which it does not.
struct PrecisionFallbackTests {
    private static let damaged = 1

    /// The same base in both precisions, and a random adapter over it.
    private struct Stage {
        let float32: TinyModel
        let reduced: TinyModel
        let adapter: Adapter
        let texts: [String]

        init(damagedLayer: Int? = nil, texts count: Int = 120) throws {
            float32 = try TinyModel(damagedLayer: damagedLayer)
            reduced = try TinyModel(precision: BasePrecision(.int8), damagedLayer: damagedLayer)
            let adapter = try float32.adapter(labels: ["a", "b", "c"], seed: 3)
            self.adapter = adapter
            var random = TestRandom(seed: 4)
            let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789 ")
            let all = (0..<4 * count).map { _ in
                String((0..<24).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
            }
            // The surest of them: the rounding of a layer that is not damaged hardly changes their labels.
            let predictions = Evaluator(base: float32.base, tokenizer: float32.tokenizer, workers: 1)
                .predictions(texts: all, adapter: adapter)
            texts = zip(all, predictions).sorted { $0.1.score > $1.1.score }.prefix(count).map(\.0)
        }

        func check(_ limits: PrecisionLimits = PrecisionLimits(), truth: Bool = true) throws -> PrecisionCheck {
            let labels = Evaluator(base: float32.base, tokenizer: float32.tokenizer, workers: 1)
                .predictions(texts: texts, adapter: adapter).map(\.labels)
            let rows = zip(texts, labels).map { LabelledText(text: $0, labels: $1) }
            let subject =
                truth
                ? PrecisionCheck.Subject(task: "letters", adapter: adapter, rows: rows)
                : PrecisionCheck.Subject(task: "letters", adapter: adapter, texts: texts)
            return try PrecisionCheck(
                float32: float32.base, tokenizer: float32.tokenizer, subjects: [subject], limits: limits, workers: 1)
        }

        func fallback(_ check: PrecisionCheck) throws -> PrecisionFallback {
            try PrecisionFallback(check, reduced: reduced.base, finer: { float32.base })
        }
    }

    /// Wide enough for what int8 does to a tiny base, and far below what the outliers do.
    private var limits: PrecisionLimits {
        var limits = PrecisionLimits()
        (limits.accuracyLost, limits.labelsChanged) = (0.05, 0.05)
        return limits
    }

    @Test func aBaseWithoutDamageStaysAsItIs() throws {
        let stage = try Stage()
        let fallback = try stage.fallback(try stage.check(limits))
        #expect(!fallback.fellBack && fallback.places.isEmpty && fallback.base === stage.reduced.base)
        #expect(fallback.reason.hasPrefix("int8: letters: ") && fallback.figures == fallback.given)
    }

    @Test(arguments: [true, false]) func theDamagedLayerFallsBackFirst(withLabels: Bool) throws {
        let stage = try Stage(damagedLayer: Self.damaged)
        let fallback = try stage.fallback(try stage.check(limits, truth: withLabels))
        #expect(fallback.fellBack && fallback.given[0].verdict == .tooLossy, "\(fallback.reason)")
        let place = BasePrecision.Place(layer: Self.damaged, group: .output)
        #expect(fallback.places.first == place, "\(fallback.reason)")
        #expect(fallback.precision == BasePrecision(.int8).keeping(fallback.places, in: .float32))
        #expect(fallback.figures[0].verdict == .ok && fallback.figures[0].isWithinLimits)
        #expect(fallback.reason.contains("layer 1 feed-forward output"))
        let read = try BERTBase(directory: stage.float32.directory, precision: fallback.precision)
        #expect(try stage.check(limits, truth: withLabels).figures(read) == fallback.figures)
    }

    /// The layers of a base in bfloat16, which is loaded only where it is needed.
    @Test func layersFallBackToAFinerType() throws {
        let stage = try Stage(damagedLayer: Self.damaged)
        let finer = try TinyModel(precision: BasePrecision(.bfloat16), damagedLayer: Self.damaged)
        let check = try stage.check(limits)
        let fallback = try PrecisionFallback(check, reduced: stage.reduced.base, finer: { finer.base })
        #expect(fallback.precision == BasePrecision(.int8).keeping(fallback.places, in: .bfloat16))
        #expect(fallback.places.first == BasePrecision.Place(layer: Self.damaged, group: .output))
        #expect(fallback.reason.contains("layer 1 feed-forward output in bfloat16"), "\(fallback.reason)")
        let unneeded = try PrecisionFallback(
            try Stage().check(limits), reduced: try Stage().reduced.base, finer: { throw NotCalled() })
        #expect(!unneeded.fellBack)
        #expect(throws: NotCalled.self) {
            _ = try PrecisionFallback(check, reduced: stage.reduced.base, finer: { throw NotCalled() })
        }
    }

    private struct NotCalled: Error {}

    @Test func whatNoLayerHelpsIsFloat32() throws {
        let stage = try Stage(damagedLayer: Self.damaged)
        var limits = limits
        limits.labelsChanged = -1
        let fallback = try stage.fallback(try stage.check(limits))
        #expect(fallback.precision == .float32 && fallback.base === stage.float32.base && fallback.places.isEmpty)
        #expect(fallback.reason.hasSuffix("float32 layers do not help enough"))
    }

    @Test func fewTextsDoNotFail() throws {
        let stage = try Stage(damagedLayer: Self.damaged, texts: 20)
        let fallback = try stage.fallback(try stage.check())
        #expect(!fallback.fellBack && fallback.given[0].verdict == .tooFewTexts)
    }

    @Test func manyTextsAreSampled() throws {
        let stage = try Stage()
        var limits = limits
        (limits.maximumTexts, limits.layerTexts) = (70, 10)
        let check = try stage.check(limits)
        #expect(check.subjects[0].texts.count == 70 && check.subjects[0].labels?.count == 70)
        #expect(try check.figures(stage.reduced.base)[0].texts == 70)
        #expect(try check.figures(stage.float32.base)[0].labelsChanged == 0)
        #expect(try check.logitError(stage.float32.base) == 0)
        #expect(try check.logitError(stage.reduced.base) > 0)
    }

    @Test func anAdapterOfAnotherBaseIsRefused() throws {
        let other = try TinyModel(seed: 9)
        let subject = PrecisionCheck.Subject(
            task: "t", adapter: try other.adapter(labels: ["a", "b"]), texts: ["a b c"])
        let model = try TinyModel.shared.get()
        #expect(throws: AdapterError.self) {
            _ = try PrecisionCheck(float32: model.base, tokenizer: model.tokenizer, subjects: [subject], workers: 1)
        }
    }
}
