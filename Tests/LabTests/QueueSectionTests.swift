import Testing
import Training

@testable import Lab

struct QueueSectionTests {
    private typealias Point = LabellingSimulation.Point

    private func curve(_ strategy: SelectionStrategy, _ runs: [[Double]]) -> QueueBenchmark.Curve {
        QueueBenchmark.Curve(
            strategy,
            runs: runs.map { run in run.enumerated().map { Point(rows: 10 * ($0 + 1), accuracy: $1) } })
    }

    private var curves: [QueueBenchmark.Curve] {
        [
            curve(.random, [[0.2, 0.4, 0.6, 0.8], [0.2, 0.4, 0.6, 0.8]]),
            curve(.queue, [[0.2, 0.8, 0.8, 0.8], [0.2, 0.4, 0.8, 0.9]]),
            curve(.margin, [[0.2, 0.3, 0.4, 0.5], [0.2, 0.4, 0.6, 0.8]]),
        ]
    }

    @Test func rowsAreRelativeToThoseOfRandomOrder() {
        let figures = QueueFigures(curves)
        #expect(figures.goals.map { ($0 * 10).rounded() } == [4, 6, 8])
        #expect(figures.ratios(curves[0]) == [1, 1, 1])
        // The mean curve of the queue is 0.2, 0.6, 0.8, 0.85.
        let queue = figures.ratios(curves[1]).compactMap { $0 }
        #expect(zip(queue, [0.75, 20.0 / 30, 0.75]).allSatisfy { abs($0 - $1) < 1e-9 }, "\(queue)")
        #expect(figures.ratios(curves[2]).last == .some(nil), "margin never reaches 0.8 in the mean")
        #expect(figures.ratiosPerSeed(curves[1]).count == 2)
    }

    @Test func theSectionHasALinePerStrategyWithItsSpread() {
        let text = QueueSection(
            curves: curves, name: "set", pool: 5452, labels: 6, test: 500, batch: 10, model: "linear head",
            chart: "images/set.svg", reference: nil
        ).text
        let lines = text.split(separator: "\n")
        #expect(lines.first == "## What to label next: `set`")
        #expect(lines.contains { $0.hasPrefix("| random | 1 | 1 | 1 | 80.0 ± 0.0 |") })
        #expect(lines.contains { $0.hasPrefix("| `queue` | 0.75 (0.67–1.00) |") }, "\(text)")
        #expect(lines.contains { $0.contains("not reached") }, "\(text)")
        #expect(text.contains("](images/set.svg)") && text.contains("5,452 rows with 6 labels"))
        #expect(!text.contains("PEFT") && text.hasSuffix("\n"))
    }

    @Test func noCurvesAreNoFigures() {
        #expect(QueueFigures([]).goals.isEmpty)
        #expect(QueueFigures([curve(.queue, [[0.5]])]).goals.isEmpty)
    }
}
