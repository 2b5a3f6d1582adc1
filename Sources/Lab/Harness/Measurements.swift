import Reports

/// Repeated measurements of one quantity, in the order in which they were made.
struct Measurements {
    let values: [Double]

    init(_ values: [Double]) { self.values = values }

    /// 0 without values.
    var median: Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// The medians of the first and of the last third: they differ if the quantity grows.
    var trend: (first: Double, last: Double) {
        let third = max(1, values.count / 3)
        return (Measurements(Array(values.prefix(third))).median, Measurements(Array(values.suffix(third))).median)
    }

    /// The median, and in brackets the lowest and the highest value.
    func spread(_ digits: Int) -> String {
        let shown = [median, values.min() ?? 0, values.max() ?? 0].map { Figure.decimal($0, digits) }
        return "\(shown[0]) (\(shown[1])–\(shown[2]))"
    }
}
