import Testing

@testable import Lab

@Suite struct SoakProgressTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func aLoadThatProgressesNeverStalls() {
        var progress = SoakProgress(now: start)
        for second in 1...300 {
            progress.note(stored: second * 10, isBroken: false, now: at(second))
            #expect(!progress.isStalled(at(second)) && !progress.isSlow(at(second)))
        }
    }

    @Test func aMinuteWithoutRowsAndFaultsIsAStall() {
        var progress = SoakProgress(now: start)
        progress.note(stored: 100, isBroken: false, now: at(10))
        progress.note(stored: 100, isBroken: false, now: at(39))
        #expect(!progress.isSlow(at(39)))
        #expect(progress.isSlow(at(40)) && !progress.isStalled(at(69)))
        #expect(progress.isStalled(at(70)))
    }

    @Test func aLoadMayStopWhileAFaultLasts() {
        var progress = SoakProgress(now: start)
        progress.note(stored: 100, isBroken: false, now: at(10))
        for second in 11...200 { progress.note(stored: nil, isBroken: true, now: at(second)) }
        #expect(!progress.isStalled(at(200)))
        progress.note(stored: 100, isBroken: false, now: at(201))
        #expect(!progress.isStalled(at(260)) && progress.isStalled(at(261)))
    }

    @Test func eachMinuteHasAProgressLine() {
        var progress = SoakProgress(now: start)
        progress.note(stored: 50, isBroken: false, now: at(30))
        #expect(progress.minuteLine(produced: 80, faults: 1, now: at(59)) == nil)
        #expect(
            progress.minuteLine(produced: 80, faults: 1, now: at(60))
                == "minute 1: 50 messages stored, 80 produced; 1 faults so far")
        progress.note(stored: 60, isBroken: false, now: at(90))
        #expect(
            progress.minuteLine(produced: 95, faults: 3, now: at(121))
                == "minute 2: 10 messages stored, 15 produced; 3 faults so far")
    }
}
