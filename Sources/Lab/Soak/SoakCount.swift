/// Every message that was produced, compared with its rows.
struct SoakCount: Sendable {
    /// Messages that have neither a label row per task nor a rejected row.
    var lost: Int
    /// Offsets with more label rows than tasks, more than one rejected row, or both kinds of rows.
    var doubled: Int
    /// Rows of `labels_history` without a row in `labels` or `rejected`, or that are no older than what replaced them.
    var contradicted: Int

    /// Of two pipelines.
    static func + (left: Self, right: Self) -> Self {
        Self(
            lost: left.lost + right.lost, doubled: left.doubled + right.doubled,
            contradicted: left.contradicted + right.contradicted)
    }
}
