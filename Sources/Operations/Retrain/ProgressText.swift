import Training

/// A line of progress for a person.
enum ProgressText {
    static func line(_ progress: TrainingProgress) -> String {
        let place = "epoch \(progress.epoch) of \(progress.epochs), step \(progress.step) of \(progress.steps)"
        return "\(place): loss \(rounded(progress.loss, 1000)), \(rounded(progress.documentsPerSecond, 1)) texts/s, "
            + "\(rounded(progress.secondsLeft, 1)) s left"
    }

    private static func rounded(_ value: Double, _ scale: Double) -> String {
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? String(Int(rounded)) : String(rounded)
    }
}
