import BERT
import WordPiece

/// Finds the label of a task that a row's label stands for.
///
/// Blanks at the ends, runs of blanks and the ways in which Unicode writes one character make no difference; everything
/// else does. A label that is only similar is never taken for another one: ``nearest(to:)`` names it to a person.
public struct LabelMatcher: Sendable {
    /// What a row's label stands for.
    public enum Match: Sendable, Equatable {
        /// A label of the task, in the task's spelling.
        case label(String)
        /// A label that the task has given up.
        case retired
        /// Nothing that the task knows.
        case unknown
    }

    /// By the label as it is written. `String` compares by canonical equivalence.
    private var exact: [String: Match] = [:]
    /// By the label with single blanks, for those that no other label equals but for blanks.
    private var collapsed: [String: Match] = [:]
    /// What a near miss may have meant, in the order of the task.
    private var candidates: [Candidate] = []
    private let targets: [String: String]
    private let retired: Set<String>

    /// A label in the forms in which near misses are compared.
    private struct Candidate {
        let label: String
        let lowered: String
        let bare: String

        init(_ label: String) {
            self.label = label
            lowered = label.collapsed.lowercased()
            bare = label.collapsed.withoutMarks.lowercased()
        }
    }

    /// - Parameters:
    ///   - labels: those of the task.
    ///   - mapping: what became of labels that the task once had.
    public init(labels: [String], mapping: LabelMapping = LabelMapping()) {
        targets = mapping.targets
        retired = mapping.retired
        for label in labels { add(label, .label(label)) }
        for (old, label) in mapping.targets.sorted(by: { $0.key < $1.key }) { add(old, .label(label)) }
        for old in retired.sorted() { add(old, .retired) }
    }

    private mutating func add(_ label: String, _ match: Match) {
        guard exact[label] == nil else { return }
        candidates.append(Candidate(label))
        exact[label] = match
        collapsed[label.collapsed] = collapsed[label.collapsed] == nil ? match : .unknown
    }

    /// What a row's label stands for.
    public func match(_ label: String) -> Match {
        let trimmed = label.trimmed
        return exact[trimmed] ?? collapsed[trimmed.collapsed] ?? .unknown
    }

    // MARK: - Near misses

    /// A label that a row's label may have been meant to be.
    public struct NearMiss: Sendable, Equatable {
        /// How they differ.
        public enum Difference: String, Sendable, CaseIterable {
            /// In case alone.
            case letterCase = "case"
            /// In accents or other marks, and perhaps in case.
            case accent
            /// In one letter: another, a missing, an additional one, or two exchanged.
            case letter
        }

        /// How they differ.
        public var difference: Difference
        /// The label that is near.
        public var label: String
        /// As in `the task has "high"`.
        public var advice: String
    }

    /// A label of the task, or one that it once had, that is written almost like this one; nil if none is.
    public func nearest(to label: String) -> NearMiss? {
        let written = label.trimmed.collapsed
        // A long one is a text in the wrong column.
        guard written.count <= 200 else { return nil }
        let miss = Candidate(written)
        if let found = candidates.first(where: { $0.lowered == miss.lowered }) { return near(found, .letterCase) }
        if let found = candidates.first(where: { $0.bare == miss.bare }) { return near(found, .accent) }
        // Among labels of one or two letters, every other one differs in one letter.
        guard miss.bare.count > 2 else { return nil }
        return candidates.first { Self.differsInOneLetter($0.bare, miss.bare) }.map { near($0, .letter) }
    }

    private func near(_ candidate: Candidate, _ difference: NearMiss.Difference) -> NearMiss {
        let label = candidate.label
        let advice =
            if retired.contains(label) {
                "\"\(label)\" is retired"
            } else if let target = targets[label] {
                "\"\(label)\" is \"\(target)\" now"
            } else {
                "the task has \"\(label)\""
            }
        return NearMiss(difference: difference, label: label, advice: advice)
    }

    /// Whether one edit turns one text into the other: a letter replaced, added or left out, or two neighbours
    /// exchanged.
    static func differsInOneLetter(_ left: String, _ right: String) -> Bool {
        var (a, b) = (Array(left)[...], Array(right)[...])
        guard abs(a.count - b.count) <= 1 else { return false }
        while let first = a.first, first == b.first { (a, b) = (a.dropFirst(), b.dropFirst()) }
        while let last = a.last, last == b.last { (a, b) = (a.dropLast(), b.dropLast()) }
        if a.count == 2, b.count == 2 { return a.elementsEqual(b.reversed()) }
        return a.count <= 1 && b.count <= 1 && !(a.isEmpty && b.isEmpty)
    }
}
