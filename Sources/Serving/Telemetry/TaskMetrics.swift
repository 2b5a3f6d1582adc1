import CoreMetrics
import Synchronization

/// The metrics of one task of a pipeline.
final class TaskMetrics: Sendable {
    private let dimensions: [(String, String)]
    private let factory: any MetricsFactory
    private let labels: Counter
    private let abstentions: Counter
    private let noneOfThese: Counter
    private let confidence: Recorder
    /// By label.
    private let texts = Mutex<[String: Counter]>([:])

    /// - Parameter dimensions: pipeline and task.
    init(dimensions: [(String, String)], factory: any MetricsFactory) {
        func counter(_ name: String) -> Counter { Counter(label: name, dimensions: dimensions, factory: factory) }
        (self.dimensions, self.factory) = (dimensions, factory)
        labels = counter(MetricNames.labels)
        abstentions = counter(MetricNames.abstentions)
        noneOfThese = counter(MetricNames.noneOfThese)
        confidence = Recorder(
            label: MetricNames.taskConfidence, dimensions: dimensions, aggregate: true, factory: factory)
    }

    func count(_ label: TaskLabel) {
        labels.increment()
        if label.abstained { abstentions.increment() }
        if label.isNoneOfThese { noneOfThese.increment() }
        confidence.record(label.score)
        for name in label.given ?? [] { counter(of: name).increment() }
    }

    /// At most ``MetricNames/labelLimit`` labels get a series of their own.
    private func counter(of label: String) -> Counter {
        texts.withLock { texts in
            if let counter = texts[label] { return counter }
            let name = texts.count < MetricNames.labelLimit ? label : MetricNames.otherLabel
            if let counter = texts[name] { return counter }
            let counter = Counter(
                label: MetricNames.taskLabels, dimensions: dimensions + [("label", name)], factory: factory)
            texts[name] = counter
            return counter
        }
    }
}
