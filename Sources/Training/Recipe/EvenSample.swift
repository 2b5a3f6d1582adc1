/// Some of many places, spread evenly and the same in every run.
public struct EvenSample {
    /// The places, in their order.
    public let places: [Int]

    /// At most so many places of `0..<count`.
    public init(of count: Int, atMost limit: Int) {
        guard count > limit else {
            places = Array(0..<count)
            return
        }
        places = (0..<limit).map { $0 * count / limit }
    }
}
