/// Finds the minimum of a smooth convex function by limited-memory BFGS (Liu and Nocedal, "On the limited memory BFGS
/// method for large scale optimization", 1989), with a line search that halves its step.
struct LBFGS {
    /// Steps whose curvature is remembered.
    var memory = 8
    var maximumIterations = 100
    /// Ends when an iteration lowers the value by less than this share of it.
    var tolerance = 1e-5

    private struct Pair {
        let step: [Float]
        let change: [Float]
        /// 1 / ⟨step, change⟩
        let rho: Double
    }

    /// - Parameters:
    ///   - start: where the search begins.
    ///   - objective: the value at a point; writes the gradient to its second argument, which has the point's length.
    /// - Returns: the point with the lowest value.
    func minimum(
        from start: [Float], _ objective: ([Float], inout [Float]) -> Double
    ) -> [Float] {
        var (point, gradient) = (start, [Float](repeating: 0, count: start.count))
        var value = objective(point, &gradient)
        var pairs: [Pair] = []
        for _ in 0..<maximumIterations {
            var direction = self.direction(gradient, pairs)
            var slope = Self.dot(direction, gradient)
            if slope >= 0 {
                // The remembered curvature no longer fits: start again with the gradient.
                pairs = []
                direction = gradient.map { -$0 }
                slope = -Self.dot(gradient, gradient)
            }
            guard slope < 0, slope.isFinite else { break }
            let first = pairs.isEmpty ? min(1, 1 / max((-slope).squareRoot(), 1e-12)) : 1
            guard let next = search(point, value, direction, slope, first, objective) else { break }
            let step = zip(next.point, point).map { $0 - $1 }
            let change = zip(next.gradient, gradient).map { $0 - $1 }
            let curvature = Self.dot(step, change)
            if curvature > 1e-12 {
                pairs.append(Pair(step: step, change: change, rho: 1 / curvature))
                if pairs.count > memory { pairs.removeFirst() }
            }
            let gain = value - next.value
            (point, value, gradient) = next
            if gain < tolerance * max(abs(value), 1e-9) { break }
        }
        return point
    }

    /// The first step along the direction, from `first` by halves, that lowers the value enough (Armijo's condition).
    private func search(
        _ point: [Float], _ value: Double, _ direction: [Float], _ slope: Double, _ first: Double,
        _ objective: ([Float], inout [Float]) -> Double
    ) -> (point: [Float], value: Double, gradient: [Float])? {
        var gradient = [Float](repeating: 0, count: point.count)
        var length = first
        for _ in 0..<20 {
            let next = zip(point, direction).map { $0 + Float(length) * $1 }
            let nextValue = objective(next, &gradient)
            if nextValue <= value + 1e-4 * length * slope { return (next, nextValue, gradient) }
            length /= 2
        }
        return nil
    }

    /// The two-loop recursion: minus the inverse curvature times the gradient.
    private func direction(_ gradient: [Float], _ pairs: [Pair]) -> [Float] {
        var q = gradient
        var alphas: [Double] = []
        for pair in pairs.reversed() {
            let alpha = pair.rho * Self.dot(pair.step, q)
            alphas.append(alpha)
            Self.add(-alpha, pair.change, to: &q)
        }
        if let last = pairs.last {
            let scale = 1 / (last.rho * Self.dot(last.change, last.change))
            for place in q.indices { q[place] *= Float(scale) }
        }
        for (pair, alpha) in zip(pairs, alphas.reversed()) {
            Self.add(alpha - pair.rho * Self.dot(pair.change, q), pair.step, to: &q)
        }
        return q.map { -$0 }
    }

    private static func dot(_ left: [Float], _ right: [Float]) -> Double {
        var sum = 0.0
        for place in left.indices { sum += Double(left[place]) * Double(right[place]) }
        return sum
    }

    private static func add(_ factor: Double, _ vector: [Float], to sum: inout [Float]) {
        let factor = Float(factor)
        for place in sum.indices { sum[place] += factor * vector[place] }
    }
}
