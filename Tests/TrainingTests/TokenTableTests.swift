import Testing

@testable import Training

struct TokenTableTests {
    @Test(
        arguments: [
            [[101, 7592, 102], [], [0], [65_535, 1]], [[], [101, 65_536, 102], [7], []], [[1, 2], [70_000], [3]], [],
        ] as [[[Int32]]])
    func givesBackWhatItWasGiven(_ sequences: [[Int32]]) {
        let table = TokenTable(sequences)
        #expect((0..<table.count).map { table[$0] } == sequences)
        #expect((0..<table.count).map(table.length) == sequences.map(\.count))
    }
}
