/// The outcome of a soak.
public struct SoakResult: Sendable {
    let faults: Int
    let messages: Int
    let count: Count
    /// Resident memory of the larger daemon in megabytes: medians of the first and the last third.
    let memory: (first: Int, last: Int)
    /// How often a daemon, or a relabelling, ended although nobody had asked it to.
    let unexpectedExits: Int

    /// Labelled messages that are not in the output topic.
    let unpublished: Int

    /// Whether nothing was lost or doubled, everything was published, and no daemon ended by itself.
    public var holds: Bool {
        count.lost == 0 && count.doubled == 0 && count.contradicted == 0 && unpublished == 0 && unexpectedExits == 0
    }

    /// The last line of output.
    public var line: String {
        let contradicted = count.contradicted == 0 ? "" : ", \(count.contradicted) contradictions in labels_history"
        let unpublished = unpublished == 0 ? "" : ", unpublished \(unpublished)"
        let exits = unexpectedExits == 0 ? "" : ", \(unexpectedExits) unexpected exits"
        return "faults \(faults), messages \(messages), lost \(count.lost), doubled \(count.doubled), "
            + "memory \(memory.first) -> \(memory.last) MB" + contradicted + unpublished + exits
    }
}

extension SoakResult {
    /// Every message that was produced, compared with its rows.
    struct Count: Sendable {
        /// Messages that have neither a label row per task nor a rejected row.
        var lost: Int
        /// Offsets with more label rows than tasks, more than one rejected row, or both kinds of rows.
        var doubled: Int
        /// Rows of `labels_history` without a row in `labels` or `rejected`, or that are no older than what replaced
        /// them.
        var contradicted: Int

        /// Of two pipelines.
        static func + (left: Self, right: Self) -> Self {
            Self(
                lost: left.lost + right.lost, doubled: left.doubled + right.doubled,
                contradicted: left.contradicted + right.contradicted)
        }
    }
}
