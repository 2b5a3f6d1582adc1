/// Which labelled rows a task is trained on.
public struct LabelledRowSelection: Sendable, Hashable {
    /// A SELECT of the user's own that returns the rows; nil: the table `annotations`.
    ///
    /// Its columns are `text`, `label` or `labels`, `time`, and optionally `id`, `annotator` and `source`. `$1` is the
    /// task.
    public var query: String?
    /// Only rows that are at most this old; nil: all.
    public var since: Duration?
    /// At most this many rows: the newest ones.
    public var maximumRows: Int

    /// All annotations, but for the limit.
    public init(
        query: String? = nil, since: Duration? = nil, maximumRows: Int = RetrainingSettings().maximumRows
    ) {
        (self.query, self.since, self.maximumRows) = (query, since, maximumRows)
    }
}
