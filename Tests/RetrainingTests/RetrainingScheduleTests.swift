import Foundation
import Retraining
import Testing

struct RetrainingScheduleTests {
    private let schedule = RetrainingSchedule(every: .seconds(3600), minimumNewRows: 200)
    private let now = Date(timeIntervalSince1970: 1_700_000_000)

    @Test func theFirstRunOnlyNeedsRows() {
        #expect(schedule.decision(lastRun: nil, newRows: 200, now: now) == .retrain)
        #expect(schedule.decision(lastRun: nil, newRows: 150, now: now) == .collect(missing: 50))
    }

    @Test func aRunWaitsForItsTime() {
        let decision = schedule.decision(lastRun: now.addingTimeInterval(-600), newRows: 9999, now: now)
        #expect(decision == .wait(.seconds(3000)))
        #expect(schedule.decision(lastRun: now.addingTimeInterval(-3600), newRows: 200, now: now) == .retrain)
        #expect(
            schedule.decision(lastRun: now.addingTimeInterval(-3600), newRows: 0, now: now) == .collect(missing: 200))
    }

    @Test func aClockThatWasSetBackOnlyDelays() {
        #expect(
            schedule.decision(lastRun: now.addingTimeInterval(99_999), newRows: 500, now: now) == .wait(.seconds(3600)))
    }

    @Test func withoutNewRowsNothingIsLearned() {
        let eager = RetrainingSchedule(every: .zero, minimumNewRows: 0)
        #expect(eager.decision(lastRun: now, newRows: 0, now: now) == .collect(missing: 1))
        #expect(eager.decision(lastRun: now, newRows: 1, now: now) == .retrain)
    }
}
