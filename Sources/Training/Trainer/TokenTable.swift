/// The token ids of many texts, end to end. Ids take two bytes each if all fit, as those of every BERT do.
struct TokenTable: Sendable {
    private var small: [UInt16] = []
    /// Replaces `small` once an id needs more than two bytes.
    private var large: [Int32] = []
    private var isLarge = false
    private var offsets = [0]

    init(_ sequences: some Sequence<[Int32]>) {
        for sequence in sequences { append(sequence) }
    }

    /// Number of texts.
    var count: Int { offsets.count - 1 }

    /// Tokens of a text.
    func length(_ text: Int) -> Int { offsets[text + 1] - offsets[text] }

    subscript(text: Int) -> [Int32] {
        let range = offsets[text]..<offsets[text + 1]
        return isLarge ? Array(large[range]) : small[range].map(Int32.init)
    }

    mutating func append(_ sequence: [Int32]) {
        if !isLarge, !sequence.allSatisfy({ UInt16(exactly: $0) != nil }) {
            isLarge = true
            large = small.map(Int32.init)
            small = []
        }
        if isLarge {
            large.append(contentsOf: sequence)
        } else {
            small.append(contentsOf: sequence.lazy.map { UInt16($0) })
        }
        offsets.append(offsets[count] + sequence.count)
    }
}
