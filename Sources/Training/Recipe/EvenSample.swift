/// Some of many places, spread evenly and the same in every run.
struct EvenSample {
    let places: [Int]

    init(of count: Int, atMost limit: Int) {
        guard count > limit else {
            places = Array(0..<count)
            return
        }
        places = (0..<limit).map { $0 * count / limit }
    }
}
