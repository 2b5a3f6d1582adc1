import Training

/// What `lorikeet label` labels, and how.
public struct LabelRequest: Sendable {
    /// Where the rows are.
    public enum Rows: Sendable, Equatable {
        /// A file, or standard input (`-`), in this format where its ending says none.
        case file(String, format: RowFormat?)
        /// A SELECT, in this database; nil: that of the pipeline's sink.
        case query(String, database: String?)
    }

    /// The pipeline file.
    public var file: String
    /// The rows.
    public var rows: Rows
    /// The name of the batch; nil: that of the file.
    public var name: String?
    /// The time of rows that have none, in milliseconds since 1970; nil: that of the file.
    public var time: Int64?
    /// Which columns have a meaning.
    public var columns: RowColumns
    /// Rows per second at most; nil: no limit.
    public var rate: Double?
    /// Compute threads.
    public var workers: Int
    /// Whether the process gets the lowest priority.
    public var isBackground = false

    /// - Parameters: as the properties.
    public init(
        file: String, rows: Rows, name: String? = nil, time: Int64? = nil, columns: RowColumns = RowColumns(),
        rate: Double? = nil, workers: Int
    ) {
        (self.file, self.rows, self.name, self.time) = (file, rows, name, time)
        (self.columns, self.rate, self.workers) = (columns, rate, workers)
    }

    /// The name of the batch, checked.
    func batchName() throws(CommandFailure) -> BatchName {
        if let name { return try BatchName(name) }
        guard case .file(let path, _) = rows, path != "-", let last = path.split(separator: "/").last else {
            throw CommandFailure(.usage, "give --name: the rows of the batch have it in their origin, label:NAME/0@ROW")
        }
        return try BatchName(String(last))
    }
}
