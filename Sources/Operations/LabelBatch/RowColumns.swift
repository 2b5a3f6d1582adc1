import Training

/// Which columns of a row have a meaning beside the pipeline's own pointers.
public struct RowColumns: Sendable, Equatable {
    /// The column of the text, by name or by number from 1; nil: where the pipeline file says, else a column with a
    /// known name, such as `text`.
    public var text: String?
    /// The column of the message key.
    public var key = "key"
    /// The column of the time.
    public var time = "time"

    /// The defaults.
    public init() {}

    /// - Parameters: as the properties; nil: the default.
    public init(text: String?, key: String?, time: String?) {
        self.text = text
        if let key { self.key = key }
        if let time { self.time = time }
    }
}

/// One row, as its input has it.
struct InputRow {
    /// The row with its columns.
    var row: RowStream.Row
    /// Key and time, where the input knows them better than its columns' text: a number of JSON has 53 bits.
    var known: (key: [UInt8]?, time: Int64?)?
}

/// Rows one after the other. Used by one thread.
protocol RowInput: AnyObject {
    /// What errors call it.
    var name: String { get }
    /// The columns of all rows; nil if each row has its own.
    var columns: [String]? { get }

    /// The next row; nil at the end.
    func next() throws -> InputRow?
}
