import BERT
import TestSupport
import Testing

@testable import Training

/// What `recipe: auto` chooses, by kind of rows.
struct RecipeRuleTests {
    private func rule(
        rows: Int, labels: Int, fewest: Int? = nil, tokens: Double = 12,
        validation: RecipeRule.Validation = .rows(0), _ change: (inout TrainingSettings) -> Void = { _ in }
    ) -> RecipeRule {
        var settings = TrainingSettings.automatic
        change(&settings)
        let mean = rows / max(labels, 1)
        let figures = RowFigures(rows: rows, labels: labels, fewest: fewest ?? mean, tokens: tokens)
        return RecipeRule(settings, rows: figures, validation: validation)
    }

    private func steps(_ rule: RecipeRule) -> Int { rule.settings.stepCount(rows: rule.rows.rows) }

    // MARK: - Kinds of rows

    @Test(arguments: [2, 20, 48, 96, 384]) func fewRowsGetStepsEnough(rows: Int) {
        let rule = rule(rows: rows, labels: 2)
        #expect(steps(rule) >= RecipeRule.fewestSteps)
        #expect(steps(rule) < RecipeRule.fewestSteps + rule.settings.stepsPerEpoch(rows: rows))
        #expect(rule.settings.learningRate == 2e-3 && rule.settings.batchSize == 8)
    }

    @Test(arguments: [(4_000, 4), (4_460, 2), (5_452, 6), (1_000_000, 6)])
    func manyRowsOfFewLabelsTakeTheTimeOfTheDefaults(rows: Int, labels: Int) {
        let (chosen, fixed) = (rule(rows: rows, labels: labels).settings, TrainingSettings())
        #expect(chosen.epochs == fixed.epochs && chosen.learningRate == 2e-3 && chosen.warmup == 0.1)
        // Unless the labels turn out hard to learn.
        #expect(chosen.mostEpochs == 3 * fixed.epochs)
        #expect(chosen.batchSize == fixed.batchSize && chosen.patience == nil)
    }

    @Test(arguments: [(15_100, 151), (10_003, 77), (4_530, 151)])
    func manyLabelsGetMoreStepsWithinThreeTimesTheEpochs(rows: Int, labels: Int) {
        let settings = rule(rows: rows, labels: labels).settings
        #expect((7...9).contains(settings.epochs) && settings.batchSize == 16)
        // With steps for a third of what is aimed at, each must be larger.
        #expect(settings.learningRate == (rows < 5_000 ? 3e-3 : 2e-3))
    }

    @Test func fewRowsOfManyLabelsGetSmallBatches() {
        let settings = rule(rows: 1_208, labels: 151).settings
        #expect(settings.epochs == 16 && settings.batchSize == 8 && settings.learningRate == 3e-3)
    }

    @Test func fewestStepsForManyLabelsAreTheLargest() {
        let rule = rule(rows: 450, labels: 150)
        #expect(rule.settings.learningRate == 4e-3 && rule.settings.warmup == 0.1)
        #expect(rule.settings.epochs == 16)
    }

    @Test func moreRowsOfTheSameLabelsNeverMeanMoreEpochs() {
        for (labels, counts) in [2, 6, 40, 151].flatMap({ [($0, [8, 50, 200, 499]), ($0, [5_000, 8_000, 50_000])] }) {
            let epochs = counts.map { rule(rows: $0, labels: labels).settings.epochs }
            #expect(epochs == epochs.sorted(by: >), "\(labels) labels: \(epochs)")
        }
    }

    @Test func aLabelThatWouldBeLostIsWeighed() {
        let balanced = rule(rows: 1_000, labels: 4, fewest: 200)
        #expect(balanced.settings.classWeighting == .none)
        let rare = rule(rows: 808, labels: 2, fewest: 8)
        #expect(rare.settings.classWeighting == .balanced)
        let reason = rare.choices.first { $0.key == "class_weights" }?.reason ?? ""
        #expect(reason.contains("8 rows") && reason.contains("404"), "\(reason)")
        #expect(rule(rows: 808, labels: 2, fewest: 1).settings.classWeighting == .none)
        #expect(rule(rows: 808, labels: 2, fewest: 8) { $0.isMultiLabel = true }.settings.classWeighting == .none)
    }

    @Test(arguments: [(0, 0), (1, 1), (40, 1)]) func rowsThatCannotBeTrainedOnAreNoError(rows: Int, labels: Int) {
        let settings = rule(rows: rows, labels: labels).settings
        #expect(settings.violation == nil && settings.epochs >= 1)
    }

    @Test func longTextsChangeNoStep() {
        let (short, long) = (rule(rows: 4_000, labels: 4, tokens: 8), rule(rows: 4_000, labels: 4, tokens: 256))
        #expect(short.settings == long.settings)
        #expect(long.account.lines.first == "recipe auto: 4000 rows, 4 labels, 256 tokens per text")
    }

    @Test(arguments: [48, 300, 4_000]) func pooledWindowsGetTwiceTheStepsInTheSameEpochs(rows: Int) {
        let each = rule(rows: rows, labels: 4) { $0.longTexts = LongTexts(pool: .mean) }
        let pooled = rule(rows: rows, labels: 4) { $0.longTexts = LongTexts(pool: .max) }
        #expect(pooled.settings.epochs == each.settings.epochs)
        #expect(pooled.settings.batchSize * 2 == each.settings.batchSize)
        #expect(steps(pooled) >= 2 * steps(each) - pooled.settings.epochs)
    }

    @Test func theLossOfWindowsFollowsFromTheirPool() {
        func noted(_ pool: LongTexts.Pool?) -> String? {
            rule(rows: 400, labels: 4) { $0.longTexts = pool.map { LongTexts(pool: $0) } }
                .choices.first { $0.key == "window_loss" }?.value
        }
        #expect(noted(.max) == "pooled" && noted(.mean) == "each" && noted(.first) == nil && noted(nil) == nil)
    }

    // MARK: - Early stopping

    @Test func aPartIsSetAsideWhereItPays() {
        let large = rule(rows: 15_100, labels: 151, validation: .split) { $0.epochSelection = .last }
        #expect(large.settings.epochSelection == .macroF1 && large.settings.patience == 3)
        for small in [
            rule(rows: 96, labels: 6, validation: .split) { $0.epochSelection = .last },
            rule(rows: 5_452, labels: 6, validation: .split) { $0.epochSelection = .last },
        ] {
            #expect(small.settings.epochSelection == .last && small.settings.patience == nil)
        }
    }

    @Test func fewValidationRowsStopNothing() {
        #expect(rule(rows: 10_003, labels: 77, validation: .rows(2_000)).settings.patience == 3)
        #expect(rule(rows: 10_003, labels: 77, validation: .rows(50)).settings.patience == nil)
        let last = rule(rows: 10_003, labels: 77, validation: .rows(2_000)) {
            $0.epochSelection = .last
            $0.given = ["keep"]
        }
        #expect(last.settings.patience == nil && last.settings.epochSelection == .last)
    }

    // MARK: - What is given

    @Test func aFixedRecipeLeavesAllAsItIs() {
        let rule = rule(rows: 96, labels: 6, fewest: 1, validation: .split) { $0.recipe = .fixed }
        #expect(rule.settings == TrainingSettings() && rule.choices.isEmpty && rule.account.lines.isEmpty)
    }

    @Test func whatIsGivenStaysAndTheRestIsChosen() {
        let free = rule(rows: 96, labels: 6).settings
        let given = rule(rows: 96, labels: 6) {
            $0.learningRate = 7e-4
            $0.given = ["rate"]
        }
        #expect(given.settings.learningRate == 7e-4 && given.settings.epochs == free.epochs)
        #expect(given.choices.first { $0.key == "rate" }?.reason == "given")
        #expect(given.choices.first { $0.key == "epochs" }?.reason != "given")
    }

    @Test func everyChoiceCanBeGiven() {
        for key in rule(rows: 96, labels: 6, validation: .split).choices.map(\.key) {
            let given = rule(rows: 96, labels: 6, validation: .split) { $0.given = [key] }
            let parameter = Hyperparameter.all.first { $0.key == key }
            #expect(parameter?.text(in: given.settings) == parameter?.text(in: .automatic), "\(key)")
            #expect(given.choices.first { $0.key == key }?.reason == "given", "\(key)")
        }
    }

    @Test func stepsThatAreGivenReplaceEpochs() {
        let rule = rule(rows: 96, labels: 6) {
            $0.steps = 30
            $0.given = ["steps"]
        }
        #expect(rule.settings.steps == 30 && steps(rule) == 30)
        #expect(rule.choices.contains(RecipeChoice(key: "steps", value: "30", reason: "given")))
        #expect(!rule.choices.contains { $0.key == "epochs" })
    }

    // MARK: - Figures

    @Test func figuresCountRowsLabelsAndTokens() throws {
        let task = try ToyTask(rows: 0)
        let rows = (0..<30).map { LabelledText(text: "the red", label: $0 == 0 ? "rare" : "common") }
        let figures = RowFigures(rows, encoder: TextEncoder(tokenizer: task.tokenizer, maxTokens: 32))
        #expect(figures.rows == 30 && figures.labels == 2 && figures.fewest == 1)
        #expect(figures.tokens == 4)
        let none = RowFigures([], encoder: TextEncoder(tokenizer: task.tokenizer, maxTokens: 32))
        #expect(none == RowFigures(rows: 0, labels: 0, fewest: 0, tokens: 0))
    }

    @Test(arguments: [0, 1, 7, 500, 501, 99_999]) func samplesAreSpreadEvenly(count: Int) {
        let places = EvenSample(of: count, atMost: 500).places
        #expect(places.count == min(count, 500) && Set(places).count == places.count)
        #expect(places.allSatisfy { (0..<count).contains($0) } && places == places.sorted())
    }
}
