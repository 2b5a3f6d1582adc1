/// One `name="value"` of a sample.
struct PrometheusLabel: Hashable, Comparable {
    var name: String
    var value: String

    static func < (left: Self, right: Self) -> Bool { (left.name, left.value) < (right.name, right.value) }
}
