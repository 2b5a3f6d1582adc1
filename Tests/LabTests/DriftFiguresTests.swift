import Drift
import Testing

@testable import Lab

struct DriftFiguresTests {
    @Test func theSectionNamesAlarmsAndTheirAbsence() {
        var figures = DriftFigures(seed: 3, steadyTexts: 20_000)
        figures.falseAlarms = 1
        figures.largestIndices = [.labels: 0.0312]
        figures.shifts = [
            .init(label: "Sports", textsUntilAlarm: 1_234, signals: [.labels]),
            .init(label: "World", textsUntilAlarm: nil, signals: []),
        ]
        let text = DriftFigures.section([figures], name: "ag_news")
        #expect(text.hasPrefix("## Drift: `ag_news`\n"))
        #expect(text.contains("| 3 | 20,000 | 1 | `\(DriftSignal.labels.rawValue)` 0.031 |"), "\(text)")
        #expect(text.contains("| 3 | Sports | 1,234 | `\(DriftSignal.labels.rawValue)` |"))
        #expect(text.contains("| 3 | World | no alarm |  |"))
    }
}
