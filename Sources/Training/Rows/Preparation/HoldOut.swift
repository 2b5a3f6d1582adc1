/// Decides which texts are held out from training, to judge adapters by. A hash of the normalized text decides, so a
/// text is on the same side in every run, on every machine, whatever rows are added later.
public struct HoldOut: Sendable, Equatable {
    /// Texts per hundred that are held out.
    public var percentage: Int
    /// Which digits of the hash decide.
    private let divisor: UInt64

    /// - Parameters:
    ///   - percentage: texts per hundred that are held out.
    ///   - level: 0: held out of all texts. 1: of the texts that level 0 leaves, by other digits of the hash. And so
    ///     on.
    public init(percentage: Int = 20, level: Int = 0) {
        self.percentage = percentage
        divisor = (0..<min(max(level, 0), 8)).reduce(1) { product, _ in product * 100 }
    }

    /// Whether a text is held out.
    public func contains(_ text: String) -> Bool { contains(NormalizedText(text)) }

    /// Whether a text is held out.
    public func contains(_ text: NormalizedText) -> Bool { contains(hash: text.hash64) }

    private func contains(hash: UInt64) -> Bool { hash / divisor % 100 < UInt64(max(0, percentage)) }

    /// Decides which of these texts are held out: each by its own hash, but so that each label with at least two texts
    /// has one on each side.
    ///
    /// A hash holds out the same share of every label, but may hold out none or all of a rare one. Then the text with
    /// the lowest hash is held out, or the one with the highest hash is trained on. As rows are added, this can move a
    /// text from the held-out ones to training, which harms no comparison. It moves to the held-out ones only if it was
    /// the last training text of its label.
    ///
    /// - Parameter texts: each text once, with its labels.
    /// - Returns: per text, whether it is held out.
    public func split(_ texts: [(text: NormalizedText, labels: [String])]) -> [Bool] {
        let hashes = texts.map(\.text.hash64)
        var isHeld = hashes.map { contains(hash: $0) }
        guard (1..<100).contains(percentage) else { return isHeld }
        var places: [String: [Int]] = [:]
        for (place, text) in texts.enumerated() {
            for label in text.labels { places[label, default: []].append(place) }
        }
        // Ordered by the deciding digits, then by the whole hash, so that the order of rows and labels does not matter.
        func precedes(_ left: Int, _ right: Int) -> Bool {
            let (a, b) = (hashes[left] / divisor % 100, hashes[right] / divisor % 100)
            return a != b ? a < b : hashes[left] < hashes[right]
        }
        let labels = places.keys.sorted()
        for label in labels {
            let of = places[label] ?? []
            if of.count > 1, !of.contains(where: { isHeld[$0] }), let lowest = of.min(by: precedes) {
                isHeld[lowest] = true
            }
        }
        for label in labels {
            let of = places[label] ?? []
            if of.allSatisfy({ isHeld[$0] }), let highest = of.max(by: precedes) { isHeld[highest] = false }
        }
        return isHeld
    }
}
