import Testing

@testable import Lab

/// The promotion gate against classifiers whose accuracy is known.
struct GateSimulationTests {
    private func simulation(_ change: (inout GateSimulation) -> Void) -> GateSimulation {
        var simulation = GateSimulation()
        simulation.rows = 200
        change(&simulation)
        return simulation
    }

    /// With five looks each. Of 400, at most 29 are within the binomial bound (99 %) of 5 %.
    @Test(arguments: [0.0, 0.5]) func whatIsNotBetterIsRarelyPromoted(newest: Double) {
        let tally = simulation { $0.newest = newest }.run(retrainings: 400, seed: 16)
        #expect(tally.retrainings == 400 && tally.promoted + tally.rejected + tally.held == 400)
        #expect(tally.promoted <= 29, "\(tally), seed 16")
    }

    @Test func whatIsWorseIsRejected() {
        let tally = simulation { $0.gain = -0.1 }.run(retrainings: 60, seed: 16)
        #expect(tally.promoted == 0 && tally.rejected > 50, "\(tally), seed 16")
    }

    @Test func moreGainAndMoreRowsPromoteMoreOften() {
        func promoted(_ gain: Double, rows: Int) -> Int {
            let tally = simulation { ($0.gain, $0.rows) = (gain, rows) }.run(retrainings: 80, seed: 16)
            #expect(tally.notBetter <= 4, "\(tally), seed 16")
            return tally.promoted
        }
        let (none, some, much) = (promoted(0, rows: 200), promoted(0.05, rows: 200), promoted(0.1, rows: 200))
        #expect(none < some && some < much && much > 70, "\(none), \(some), \(much), seed 16")
        let more = promoted(0.05, rows: 800)
        #expect(more > some && more > 70, "\(some), \(more), seed 16")
    }

    @Test func mislabelledRowsPromoteNothingWrong() {
        let tally = simulation { ($0.mislabelled, $0.looks) = (0.1, 3) }.run(retrainings: 200, seed: 16)
        #expect(tally.promoted <= 18, "\(tally), seed 16")
    }

    @Test(arguments: [
        GateSimulation.LabelFault.forgotten, .absent, .misspelled(1), .misspelled(0.25),
    ]) func noLabelIsForgotten(fault: GateSimulation.LabelFault) {
        let tally = simulation { ($0.labels, $0.gain, $0.fault, $0.rows) = (10, 0.05, fault, 400) }
            .run(retrainings: 60, seed: 16)
        #expect(tally.promoted == 0, "\(tally), seed 16")
    }

    /// The label floor lets pass what lost nothing: of good challengers over many labels, most are promoted.
    @Test func labelsThatLoseNothingAreNoObstacle() {
        let tally = simulation { ($0.labels, $0.gain, $0.rows) = (20, 0.08, 600) }.run(retrainings: 40, seed: 16)
        #expect(tally.promoted > 32 && tally.harmful == 0, "\(tally), seed 16")
    }

    @Test func theSameSeedGivesTheSameTally() {
        let simulation = simulation { $0.gain = 0.03 }
        #expect(simulation.run(retrainings: 20, seed: 3) == simulation.run(retrainings: 20, seed: 3))
    }
}
