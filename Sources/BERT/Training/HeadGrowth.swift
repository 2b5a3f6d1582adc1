import Glibc

/// The first values of the head's row of a new label, from the mean of its texts' features.
///
/// The row points from the other texts to the label's centre and is as long as the known rows are on average, so that
/// its gradients have their size. Its bias gives the label two thirds at its own centre. Away from the centre, towards
/// the other texts, its logit falls, so that the known labels keep their texts.
struct HeadGrowth {
    /// A row of the head.
    struct Row {
        /// [hidden].
        var weights: [Float]
        var bias: Float
    }

    /// The rows of the labels that have been trained before.
    let known: [Row]
    /// The mean features of texts without a new label, [hidden].
    let others: [Float]
    let isMultiLabel: Bool

    /// - Parameter centre: the mean features of the label's texts, [hidden].
    func row(centre: [Float]) -> Row {
        let direction = zip(centre, others).map { Double($0) - Double($1) }
        let length = Self.norm(direction)
        // Where nothing tells its texts from others, only the bias is left.
        let scale = length > 1e-6 ? knownNorm / length : 0
        let weights = direction.map { Float($0 * scale) }
        // Odds of 2 : 1 against all known labels, or against its absence.
        let target = log(2) + (isMultiLabel ? 0 : logSumExp(known.map { Self.logit($0, centre) }))
        return Row(weights: weights, bias: Float(target - Self.logit(Row(weights: weights, bias: 0), centre)))
    }

    /// The mean length of the known rows; at least that of a head's first values.
    private var knownNorm: Double {
        let first = 0.02 * Double(others.count).squareRoot()
        guard !known.isEmpty else { return first }
        let sum = known.reduce(0) { $0 + Self.norm($1.weights.map(Double.init)) }
        return max(sum / Double(known.count), first)
    }

    private func logSumExp(_ logits: [Double]) -> Double {
        guard let highest = logits.max() else { return 0 }
        return highest + log(logits.reduce(0) { $0 + exp($1 - highest) })
    }

    private static func logit(_ row: Row, _ features: [Float]) -> Double {
        zip(row.weights, features).reduce(Double(row.bias)) { $0 + Double($1.0) * Double($1.1) }
    }

    private static func norm(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
