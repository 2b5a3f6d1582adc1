import BERT
import Glibc
import Kernels

/// A head over frozen features, without an adapter: logistic regression. It takes seconds where an adapter takes
/// minutes, which is enough to doubt labels and to compare orders of labelling.
///
/// A task with one label per text has a softmax over its labels; a multi-label task has a sigmoid per label.
public struct LinearHead: Sendable {
    /// How a head is fitted.
    public struct Settings: Sendable, Equatable {
        /// The weight of half the squared length of all weights, against the sum of the losses of all texts.
        public var penalty = 1.0
        /// Steps of the optimizer at most.
        public var maximumIterations = 60

        /// The defaults, for standardized features.
        public init() {}
    }

    /// Number of labels.
    public let labels: Int
    private let columns: Int
    private let isMultiLabel: Bool
    /// Weights [labels, columns], then biases [labels].
    private let parameters: [Float]

    /// Fits a head: the minimum of a convex function, so the result does not depend on an order of rows or a seed.
    ///
    /// - Parameters:
    ///   - features: standardized, one row per target.
    ///   - start: a head of the same shape to start from, which saves time if it is near.
    public init(
        features: FeatureMatrix, targets: TextTargets, labels: Int, settings: Settings = Settings(),
        start: LinearHead? = nil
    ) {
        self.labels = labels
        columns = features.columns
        isMultiLabel = if case .sets = targets { true } else { false }
        let objective = Objective(
            features: features, targets: targets, labels: labels, penalty: settings.penalty)
        let count = labels * features.columns + labels
        let first = start.map(\.parameters) ?? []
        parameters = LBFGS(maximumIterations: settings.maximumIterations).minimum(
            from: first.count == count ? first : Array(repeating: 0, count: count), objective.value)
    }

    /// The probability of each label, [texts, labels].
    public func probabilities(_ features: FeatureMatrix) -> FeatureMatrix {
        let values = [Float](unsafeUninitializedCapacity: features.rows * labels) { buffer, count in
            count = features.rows * labels
            guard let y = buffer.baseAddress else { return }
            Objective.probabilities(
                features: features, parameters: parameters, labels: labels, isMultiLabel: isMultiLabel, into: y)
        }
        return FeatureMatrix(columns: labels, values: values)
    }
}

extension LinearHead {
    /// The penalized negative log-likelihood of a head's parameters, and its gradient.
    private struct Objective {
        let features: FeatureMatrix
        /// [rows, labels]: 1 where the label holds.
        private let truth: [Float]
        private let labels: Int
        private let penalty: Float
        private let isMultiLabel: Bool

        init(features: FeatureMatrix, targets: TextTargets, labels: Int, penalty: Double) {
            (self.features, self.labels, self.penalty) = (features, labels, Float(penalty))
            var truth = [Float](repeating: 0, count: features.rows * labels)
            switch targets {
            case .classes(let classes):
                isMultiLabel = false
                for (row, label) in classes.enumerated() where row < features.rows { truth[row * labels + label] = 1 }
            case .sets(let sets):
                isMultiLabel = true
                for (row, set) in sets.enumerated() where row < features.rows {
                    for label in set { truth[row * labels + label] = 1 }
                }
            }
            self.truth = truth
        }

        func value(_ parameters: [Float], _ gradient: inout [Float]) -> Double {
            let (rows, columns) = (features.rows, features.columns)
            let weights = labels * columns
            var probabilities = [Float](repeating: 0, count: rows * labels)
            var loss = 0.0
            probabilities.withUnsafeMutableBufferPointer { buffer in
                guard let p = buffer.baseAddress else { return }
                Self.probabilities(
                    features: features, parameters: parameters, labels: labels, isMultiLabel: isMultiLabel, into: p)
                // A logarithm of zero would end the search.
                for place in truth.indices {
                    if truth[place] == 1 {
                        loss -= log(max(Double(p[place]), 1e-30))
                    } else if isMultiLabel {
                        loss -= log(max(1 - Double(p[place]), 1e-30))
                    }
                    p[place] -= truth[place]
                }
                gradient.withUnsafeMutableBufferPointer { gradient in
                    guard let g = gradient.baseAddress else { return }
                    g.update(repeating: 0, count: gradient.count)
                    features.values.withUnsafeBufferPointer { x in
                        guard let x = x.baseAddress else { return }
                        linearBackwardWeight(
                            rows: rows, inputs: columns, outputs: labels, x: x, xStride: columns, dy: p,
                            dyStride: labels,
                            dWeight: g, dBias: g + weights)
                    }
                }
            }
            var squares = 0.0
            for place in 0..<weights {
                squares += Double(parameters[place]) * Double(parameters[place])
                gradient[place] += penalty * parameters[place]
            }
            return loss + Double(penalty) / 2 * squares
        }

        static func probabilities(
            features: FeatureMatrix, parameters: [Float], labels: Int, isMultiLabel: Bool,
            into y: UnsafeMutablePointer<Float>
        ) {
            let (rows, columns) = (features.rows, features.columns)
            parameters.withUnsafeBufferPointer { parameters in
                features.values.withUnsafeBufferPointer { x in
                    guard let weight = parameters.baseAddress, let x = x.baseAddress else { return }
                    linear(
                        rows: rows, inputs: columns, outputs: labels, x: x, xStride: columns, weight: weight,
                        bias: weight + labels * columns, y: y, yStride: labels)
                }
            }
            if isMultiLabel {
                for place in 0..<rows * labels { y[place] = Float(sigmoid(Double(y[place]))) }
            } else {
                Kernels.softmax(rows: rows, columns: labels, x: y, xStride: labels, y: y, yStride: labels)
            }
        }
    }
}
