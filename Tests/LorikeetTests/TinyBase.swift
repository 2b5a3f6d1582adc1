import Foundation
import TestSupport

/// A BERT of two layers with random weights whose vocabulary has a few words, and rows that even it can learn.
enum TinyBase {
    static let words = [
        "good", "fine", "nice", "great", "bad", "poor", "awful", "sad", "day", "food", "film", "book", "the", "was",
    ]

    /// Writes the base into a folder of the given name and returns its path.
    static func write(to scratch: Scratch, name: String = "base", seed: UInt64 = 1) throws -> String {
        try FileManager.default.createDirectory(atPath: scratch.path(name), withIntermediateDirectories: true)
        try TestModels.writeTinyBase(.bert, to: scratch.path(name), words: words, seed: seed)
        return scratch.path(name)
    }

    /// Rows of two labels, told apart by one word.
    static func rows(_ count: Int, seed: UInt64 = 7) -> [(label: String, text: String)] {
        var random = SplitMix(state: seed)
        return (0..<count).map { row in
            let isGood = row % 2 == 0
            let telling = words[(isGood ? 0 : 4) + Int(random.next() % 4)]
            return (isGood ? "plus" : "minus", "the \(words[8 + Int(random.next() % 4)]) was \(telling)")
        }
    }

    /// The rows as lines of a `.tsv` file.
    static func tsv(_ rows: [(label: String, text: String)]) -> String {
        rows.map { "\($0.label)\t\($0.text)\n" }.joined()
    }
}

/// A small generator with a known state: the same numbers on every machine.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}
