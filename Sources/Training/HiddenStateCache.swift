/// What the frozen layers below the lowest adapted one gave for each row, kept between epochs as far as memory goes.
///
/// Those layers never change in a training, and dropout is off there: kept states are the ones that would be computed anew.
struct HiddenStateCache {
    /// By row: [tokens, hidden]; nil: not known yet, or no room.
    private(set) var states: [[Float]?]
    /// Rows that there is room for, from the first on.
    private let hasRoom: [Bool]

    /// - Parameters:
    ///   - lengths: tokens of each row.
    ///   - bytes: the most that may be kept.
    init(lengths: [Int], hidden: Int, bytes: Int) {
        states = [[Float]?](repeating: nil, count: lengths.count)
        var left = bytes
        hasRoom = lengths.map { length in
            left -= length * hidden * MemoryLayout<Float>.size
            return left >= 0
        }
    }

    mutating func keep(_ state: [Float], of row: Int) {
        if hasRoom[row] { states[row] = state }
    }
}
