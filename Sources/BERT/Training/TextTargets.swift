/// The target labels of the texts of a batch, by the labels' indices.
public enum TextTargets: Sendable, Equatable {
    /// One label per text, for softmax and cross-entropy.
    case classes([Int])
    /// A set of labels per text, for sigmoid and binary cross-entropy.
    case sets([[Int]])

    /// The number of texts.
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

    /// Whether every target is below the number of labels.
    func fit(labels: Int) -> Bool {
        switch self {
        case .classes(let classes): classes.allSatisfy { (0..<labels).contains($0) }
        case .sets(let sets): sets.allSatisfy { $0.allSatisfy { (0..<labels).contains($0) } }
        }
    }
}
