/// What the texts of a batch are to be classified as, by the labels' places.
public enum TextTargets: Sendable, Equatable {
    /// One label a text: softmax and cross-entropy.
    case classes([Int])
    /// A set of labels a text: sigmoid and binary cross-entropy.
    case sets([[Int]])

    /// Number of texts.
    public var count: Int {
        switch self {
        case .classes(let classes): classes.count
        case .sets(let sets): sets.count
        }
    }

    /// The targets of some texts, in the order given.
    public func at(_ texts: [Int]) -> TextTargets {
        switch self {
        case .classes(let classes): .classes(texts.map { classes[$0] })
        case .sets(let sets): .sets(texts.map { sets[$0] })
        }
    }

    /// Whether every target is one of so many labels.
    func fit(labels: Int) -> Bool {
        switch self {
        case .classes(let classes): classes.allSatisfy { (0..<labels).contains($0) }
        case .sets(let sets): sets.allSatisfy { $0.allSatisfy { (0..<labels).contains($0) } }
        }
    }
}
