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
