import Testing
import Training

@testable import Lab

/// The section of the page that `make benchmark-learning` writes.
struct DistillationSectionTests {
    private func run(_ unseen: Double) -> DistillationBenchmark.Run {
        let accuracy = DistillationBenchmark.Accuracy(all: 0.5, seen: 1, unseen: unseen)
        return DistillationBenchmark.Run(
            accuracies: [.champion: accuracy, .without: accuracy, .with: accuracy], championRows: 1000, rows: 667,
            texts: 1000, unseen: 50)
    }

    private func section(_ runs: [DistillationBenchmark.Run]) -> String {
        let settings = DistillationBenchmark.Settings(
            unseen: nil, seeds: runs.count, texts: 1000, distillation: Distillation.Settings(weight: 2, temperature: 2),
            training: TrainingSettings())
        return DistillationSection(runs: runs, name: "data", labels: 151, testRows: 5500, settings: settings).text
    }

    @Test func oneSeedHasNoSpread() {
        let text = section([run(0.25)])
        #expect(text.hasPrefix("## Labels without new rows: `data`\n"))
        #expect(text.contains("| challenger with distillation | 50.00 | 100.00 | 25.00 |"))
        #expect(text.contains("in percent, with one seed."))
        #expect(text.contains("667 new rows, none of which has one of 50 labels."))
    }

    @Test func severalSeedsAreAveraged() {
        let text = section([run(0.2), run(0.4)])
        #expect(text.contains("| champion | 50.00 (50.00–50.00) | 100.00 (100.00–100.00) | 30.00 (20.00–40.00) |"))
        #expect(text.contains("mean (lowest–highest) over 2 seeds"))
    }
}
