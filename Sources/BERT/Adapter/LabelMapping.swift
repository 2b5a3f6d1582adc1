/// What became of labels that a task once had: renamed or merged into a label that it has now, or retired.
///
/// Rows, annotations and adapters keep the labels that they were made with. The mapping is applied where they are read.
/// It is one step: a target is never mapped itself.
public struct LabelMapping: Sendable, Equatable, Hashable {
    /// Old labels, each with the one that stands for it now. Several with the same target are merged.
    public var targets: [String: String]
    /// Labels that nothing stands for.
    public var retired: Set<String>

    /// A mapping; by default every label stays as it is.
    public init(targets: [String: String] = [:], retired: Set<String> = []) {
        (self.targets, self.retired) = (targets, retired)
    }

    /// Whether every label stays as it is.
    public var isEmpty: Bool { targets.isEmpty && retired.isEmpty }

    /// The label that stands for this one; nil if it is retired.
    public func current(_ label: String) -> String? { retired.contains(label) ? nil : targets[label] ?? label }

    /// What stands for these labels, each label once, in the order of its first occurrence.
    public func current(_ labels: [String]) -> [String] { groups(of: labels).map(\.label) }

    /// Whether it changes one of these labels.
    public func changes(_ labels: [String]) -> Bool { labels.contains { current($0) != $0 } }

    /// One label and what it stands for.
    public struct Group: Sendable, Equatable {
        /// The label as the task has it now.
        public var label: String
        /// The places of its old labels, in order.
        public var places: [Int]
    }

    /// The labels that stand for these, each with the places of those that it stands for, in the order of the first of
    /// them. Retired labels are in no group.
    public func groups(of labels: [String]) -> [Group] {
        var groups: [Group] = []
        var known: [String: Int] = [:]
        for (place, label) in labels.enumerated() {
            guard let label = current(label) else { continue }
            if let group = known[label] {
                groups[group].places.append(place)
            } else {
                known[label] = groups.count
                groups.append(Group(label: label, places: [place]))
            }
        }
        return groups
    }
}
