import Training

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
