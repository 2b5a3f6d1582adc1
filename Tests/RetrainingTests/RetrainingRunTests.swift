import Logging
import Testing
import Training

@testable import Retraining

@Suite struct RetrainingRunTests {
    /// An operator who reads that a training went wrong looks for a failure. A finding need not be one.
    @Test(arguments: [
        (TrainingFinding.collapsed(label: "ex", predicted: 1, share: 0.5), "training collapsed or diverged"),
        (.diverged(loss: 9, start: 1), "training collapsed or diverged"),
        (.notFinite(epoch: 1, batch: 2), "training collapsed or diverged"),
        (.missed(labels: ["why"]), "challenger never predicts some labels"),
        (.overfitted(training: 1, validation: 0.5), "challenger overfits"),
    ]) func theLogSaysWhatAFindingIs(finding: TrainingFinding, event: String) {
        #expect("\(RetrainingRun.event(finding))" == event)
    }
}
