/// One `name="value"` of a sample.
struct PrometheusLabel: Hashable, Comparable {
    var name: String
    var value: String

    static func < (left: Self, right: Self) -> Bool { (left.name, left.value) < (right.name, right.value) }

    /// The labels of a series, in their order.
    static func labels(_ dimensions: [(String, String)]) -> [PrometheusLabel] {
        dimensions.map { PrometheusLabel(name: PrometheusText.labelName($0.0), value: $0.1) }.sorted()
    }
}
