import BERT

/// The mean of the learning curves of several seeds.
public struct LearningCurve: Sendable, Equatable {
    /// In the order of rows.
    public let points: [LabellingSimulation.Point]

    /// - Parameter curves: with the same rows in each.
    public init(mean curves: [[LabellingSimulation.Point]]) {
        let count = curves.map(\.count).min() ?? 0
        points = (0..<count).map { place in
            let accuracies = curves.map { $0[place].accuracy }
            return LabellingSimulation.Point(
                rows: curves[0][place].rows, accuracy: accuracies.reduce(0, +) / Double(curves.count))
        }
    }

    /// The rows that it takes to reach an accuracy, between two points in a straight line; nil if it is never reached.
    public func rows(for accuracy: Double) -> Double? {
        guard let reached = points.firstIndex(where: { $0.accuracy >= accuracy }) else { return nil }
        guard reached > 0 else { return Double(points[0].rows) }
        let (before, after) = (points[reached - 1], points[reached])
        let share = (accuracy - before.accuracy) / (after.accuracy - before.accuracy)
        return Double(before.rows) + share * Double(after.rows - before.rows)
    }

    /// The best accuracy with at most this many rows; nil if there is no such point.
    public func accuracy(atMost rows: Double) -> Double? {
        points.filter { Double($0.rows) <= rows }.map(\.accuracy).max()
    }
}
