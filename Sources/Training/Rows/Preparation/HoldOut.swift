/// Which texts are kept from training, to weigh adapters with: decided by a hash of the normalised text, so the same text is
/// on the same side in every run, on every machine, whatever rows come later.
public struct HoldOut: Sendable, Equatable {
    /// So many texts of a hundred are held out.
    public var percentage: Int
    /// 0: held out of all texts; 1: of those that are left, by other digits of the hash; and so on.
    private let divisor: UInt64

    public init(percentage: Int = 20, level: Int = 0) {
        self.percentage = percentage
        divisor = (0..<min(max(level, 0), 8)).reduce(1) { product, _ in product * 100 }
    }

    public func contains(_ text: String) -> Bool { contains(NormalizedText(text)) }

    func contains(_ text: NormalizedText) -> Bool { contains(hash: text.hash64) }

    private func contains(hash: UInt64) -> Bool { hash / divisor % 100 < UInt64(max(0, percentage)) }

    /// Which of some texts are held out: each by its own hash, and of each label with two texts or more at least one on each side.
    ///
    /// A hash takes the same share of every label, but may take none or all of a rare one: then the text of the lowest hash is held
    /// out, or that of the highest learnt from. As rows are added, a text can leave the hold-out for training by this, which harms
    /// no comparison; the other way it goes only if it was its label's last to learn from.
    ///
    /// - Parameter texts: each text once, with its labels.
    public func split(_ texts: [(text: NormalizedText, labels: [String])]) -> [Bool] {
        let hashes = texts.map(\.text.hash64)
        var isHeld = hashes.map { contains(hash: $0) }
        guard (1..<100).contains(percentage) else { return isHeld }
        var places: [String: [Int]] = [:]
        for (place, text) in texts.enumerated() {
            for label in text.labels { places[label, default: []].append(place) }
        }
        // By what the split itself goes by, and then by the texts, so that neither order of rows nor of labels counts.
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
