extension AdapterTrainer {
    /// Trains once, and once more with a lower rate if the first training is lost and nobody gave the rate.
    ///
    /// - Parameters:
    ///   - identity: that of the first training.
    ///   - checkpoint: of the first training or of the second.
    ///   - attempt: one training with the settings of a trainer.
    func withSecondAttempt(
        _ identity: TrainingIdentity, _ checkpoint: TrainingCheckpoint?, _ progress: (TrainingProgress) -> Void,
        _ attempt: (AdapterTrainer, TrainingIdentity, TrainingCheckpoint?) throws(TrainingError) -> AdapterCandidate
    ) throws(TrainingError) -> AdapterCandidate {
        guard let second = settings.secondAttempt else { return try attempt(self, identity, checkpoint) }
        let trainer = AdapterTrainer(base: base, tokenizer: tokenizer, settings: second)
        let secondIdentity = identity.with(second)
        func again(
            _ finding: TrainingFinding?, _ checkpoint: TrainingCheckpoint?
        ) throws(TrainingError) -> AdapterCandidate {
            let retry = AdapterCandidate.Retry(finding: finding, rate: second.learningRate)
            progress(TrainingProgress(notice: retry.text))
            var candidate = try attempt(trainer, secondIdentity, checkpoint)
            candidate.retry = retry
            return candidate
        }
        if let checkpoint, checkpoint.identity == secondIdentity {
            return try again(nil, checkpoint)
        }
        let finding: TrainingFinding
        do throws(TrainingError) {
            let candidate = try attempt(self, identity, checkpoint)
            guard let lost = candidate.findings.first(where: \.isLost) else { return candidate }
            finding = lost
        } catch .lost(let lost) {
            finding = lost
        } catch .notFinite(let epoch, let batch) {
            finding = .notFinite(epoch: epoch, batch: batch)
        }
        return try again(finding, nil)
    }
}
