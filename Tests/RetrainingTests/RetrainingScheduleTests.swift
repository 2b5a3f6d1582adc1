import Foundation
import Retraining
import Testing

struct RetrainingScheduleTests {
    private let schedule = RetrainingSchedule(every: .seconds(3600), minimumNewRows: 200)
    private let now = Date(timeIntervalSince1970: 1_700_000_000)

    private func facts(
        _ newRows: Int, ran seconds: Double? = nil, failures: Int = 0, live: Double? = nil, asked: Double? = nil
    ) -> RetrainingSchedule.Facts {
        var facts = RetrainingSchedule.Facts(lastRun: seconds.map { now.addingTimeInterval(-$0) }, newRows: newRows)
        facts.failures = failures
        facts.liveSince = live.map { now.addingTimeInterval(-$0) }
        facts.askedAt = asked.map { now.addingTimeInterval(-$0) }
        return facts
    }

    @Test func theFirstRunOnlyNeedsRows() {
        #expect(schedule.decision(facts(200), now: now) == .retrain(.rows))
        #expect(schedule.decision(facts(150), now: now) == .collect(missing: 50))
    }

    @Test func aRunWaitsForItsTime() {
        #expect(schedule.decision(facts(9999, ran: 600), now: now) == .wait(.seconds(3000)))
        #expect(schedule.decision(facts(200, ran: 3600), now: now) == .retrain(.rows))
        #expect(schedule.decision(facts(0, ran: 3600), now: now) == .collect(missing: 200))
    }

    @Test func aClockThatWasSetBackOnlyDelays() {
        #expect(schedule.decision(facts(500, ran: -99_999), now: now) == .wait(.seconds(3600)))
        var aging = schedule
        aging.maximumAge = .seconds(86400)
        #expect(aging.decision(facts(1, ran: 4000, live: -99_999), now: now) == .collect(missing: 199))
    }

    @Test func withoutNewRowsNothingIsLearned() {
        var eager = RetrainingSchedule(every: .zero, minimumNewRows: 0)
        eager.maximumAge = .seconds(1)
        #expect(eager.decision(facts(0, ran: 0, live: 99), now: now) == .collect(missing: 1))
        #expect(eager.decision(facts(1, ran: 0), now: now) == .retrain(.rows))
    }

    // MARK: - A held challenger

    @Test func aHeldChallengerIsLookedAtWithAFewNewRows() {
        func decision(_ newRows: Int, heldBy: Int?) -> RetrainingSchedule.Decision {
            var facts = facts(newRows, ran: 4000)
            facts.heldBy = heldBy
            return schedule.decision(facts, now: now)
        }
        #expect(decision(20, heldBy: nil) == .collect(missing: 180))
        #expect(decision(20, heldBy: 600) == .retrain(.rows))
        #expect(decision(19, heldBy: 600) == .collect(missing: 1))
        #expect(decision(8, heldBy: 30) == .retrain(.rows) && decision(7, heldBy: 30) == .collect(missing: 1))
        // Rows that could not judge it may be corrected by a single one.
        #expect(decision(1, heldBy: 0) == .retrain(.rows) && decision(0, heldBy: 0) == .collect(missing: 1))
    }

    @Test func aHeldChallengerWaitsForItsTimeAndNeverForMoreRowsThanOthers() {
        var held = facts(20, ran: 600)
        held.heldBy = 600
        #expect(schedule.decision(held, now: now) == .wait(.seconds(3000)))
        held = facts(5, ran: 4000)
        held.heldBy = 600
        #expect(RetrainingSchedule(every: .zero, minimumNewRows: 5).decision(held, now: now) == .retrain(.rows))
        var strict = schedule
        strict.minimumHoldOut = 100
        #expect(strict.decision(held, now: now) == .collect(missing: 95))
    }

    @Test func aWinnerNeedsNoNewRow() {
        var winner = facts(0, ran: 4000)
        (winner.heldBy, winner.hasWinner) = (0, true)
        #expect(schedule.decision(winner, now: now) == .retrain(.schedule))
        winner.lastRun = now.addingTimeInterval(-600)
        #expect(schedule.decision(winner, now: now) == .wait(.seconds(3000)))
    }

    // MARK: - Age

    @Test func anOldAdapterIsRetrainedWithOneNewRow() {
        var schedule = schedule
        schedule.maximumAge = .seconds(7 * 86400)
        #expect(schedule.decision(facts(1, ran: 4000, live: 7 * 86400), now: now) == .retrain(.age))
        #expect(schedule.decision(facts(1, ran: 4000, live: 6 * 86400), now: now) == .collect(missing: 199))
        #expect(schedule.decision(facts(1, ran: 600, live: 8 * 86400), now: now) == .wait(.seconds(3000)))
        #expect(schedule.decision(facts(1), now: now) == .collect(missing: 199))
    }

    // MARK: - Drift

    @Test func driftStartsARetrainingWithOneNewRow() {
        var drifting = facts(1, ran: 4000)
        drifting.isDrifting = true
        #expect(schedule.decision(drifting, now: now) == .collect(missing: 199), "on_drift is off by default")
        var eager = schedule
        eager.startsOnDrift = true
        #expect(eager.decision(drifting, now: now) == .retrain(.drift))
        #expect(eager.decision(facts(1, ran: 4000), now: now) == .collect(missing: 199))
        drifting.newRows = 0
        #expect(eager.decision(drifting, now: now) == .collect(missing: 200))
        var early = facts(1, ran: 600)
        early.isDrifting = true
        #expect(eager.decision(early, now: now) == .wait(.seconds(3000)))
    }

    // MARK: - Failures

    @Test func failuresDoubleThePauseUpToADay() {
        let pauses = [1, 2, 3, 4, 5, 60].map { failures -> Duration? in
            guard case .wait(let pause) = schedule.decision(facts(500, ran: 0, failures: failures), now: now) else {
                return nil
            }
            return pause
        }
        #expect(pauses == [7200, 14400, 28800, 57600, 86400, 86400].map { .seconds($0) })
        let weekly = RetrainingSchedule(every: .seconds(7 * 86400), minimumNewRows: 1)
        #expect(weekly.decision(facts(500, ran: 0, failures: 9), now: now) == .wait(.seconds(7 * 86400)))
    }

    // MARK: - Promotions

    @Test func nothingStartsThatCouldPromoteTooSoon() {
        var schedule = schedule
        schedule.minimumPromotionInterval = .seconds(86400)
        #expect(schedule.decision(facts(500, ran: 4000, live: 4000), now: now) == .wait(.seconds(82400)))
        #expect(schedule.decision(facts(500, ran: 4000, live: 86400), now: now) == .retrain(.rows))
        #expect(schedule.decision(facts(500), now: now) == .retrain(.rows))
    }

    // MARK: - Times of the day

    /// The present time is 22:13:20.
    @Test func timesOfTheDayStartOneRunEach() {
        var schedule = schedule
        schedule.times = CalendarTimes("daily at 22:00")
        #expect(schedule.decision(facts(500, ran: 86400, asked: 900), now: now) == .retrain(.schedule))
        #expect(schedule.decision(facts(500, ran: 86400, asked: 700), now: now) == .wait(.seconds(85600)))
        #expect(schedule.decision(facts(9, ran: 86400, asked: 900), now: now) == .collect(missing: 191))
        // The daemon was down at the time: it is made up for.
        #expect(schedule.decision(facts(500, ran: 86400), now: now) == .retrain(.schedule))
        // What failed is repeated after its pause, not at the next time.
        var failed = facts(500, ran: 700, asked: 700)
        failed.failures = 1
        #expect(schedule.decision(failed, now: now) == .wait(.seconds(6500)))
        failed.lastRun = now.addingTimeInterval(-7200)
        #expect(schedule.decision(failed, now: now) == .retrain(.schedule))
        // A task that was never retrained waits for its time.
        #expect(schedule.decision(facts(500), now: now) == .wait(.seconds(85600)))
    }

    /// Beside times, `every` is a minute: drift and age, which ask for one row only, need a spacing of their own.
    @Test func driftDoesNotRetrainEveryMinuteBesideTimes() {
        var schedule = RetrainingSchedule(every: .seconds(60), minimumNewRows: 200)
        (schedule.times, schedule.startsOnDrift) = (CalendarTimes("daily at 22:00"), true)
        schedule.maximumAge = .seconds(86400)
        var facts = facts(1, ran: 3600, live: 90_000, asked: 700)
        facts.isDrifting = true
        #expect(schedule.decision(facts, now: now) == .wait(.seconds(85600)))
        facts.lastRun = now.addingTimeInterval(-6 * 3600)
        #expect(schedule.decision(facts, now: now) == .retrain(.drift))
        facts.isDrifting = false
        #expect(schedule.decision(facts, now: now) == .retrain(.age))
    }

    @Test func aPauseIsToldApartFromATimeThatHasNotCome() {
        var schedule = schedule
        schedule.times = CalendarTimes("daily at 22:00")
        #expect(schedule.isPaused(facts(500, ran: 600), now: now))
        #expect(!schedule.isPaused(facts(500, ran: 86400, asked: 700), now: now))
    }

    @Test func aClockThatJumpsStartsNoRunTwice() {
        var schedule = schedule
        schedule.times = CalendarTimes("daily at 22:00")
        // Set back by two days, after the run of the later date.
        #expect(schedule.decision(facts(500, ran: -172_800, asked: -172_800), now: now) == .wait(.seconds(3600)))
        #expect(schedule.decision(facts(500, ran: 4000, asked: -172_000), now: now) == .wait(.seconds(85600)))
        // Set forward by a week: one run, not seven.
        #expect(schedule.decision(facts(500, ran: 604_800, asked: 604_000), now: now) == .retrain(.schedule))
        #expect(schedule.decision(facts(500, ran: 10, asked: 10), now: now) == .wait(.seconds(3590)))
    }

    @Test func nothingStartsWhileAChallengerIsInShadow() {
        var inShadow = facts(9999, ran: 7200)
        inShadow.shadowUntil = now.addingTimeInterval(600)
        #expect(schedule.decision(inShadow, now: now) == .wait(.seconds(600)) && schedule.isPaused(inShadow, now: now))
        // Its time is over, but it lacks texts.
        inShadow.shadowUntil = now.addingTimeInterval(-600)
        #expect(schedule.decision(inShadow, now: now) == .wait(.seconds(10)))
        inShadow.isDrifting = true
        var eager = schedule
        eager.startsOnDrift = true
        #expect(eager.decision(inShadow, now: now) == .wait(.seconds(10)))
    }
}
