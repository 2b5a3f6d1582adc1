/// Finds the column of texts among named columns, as files of texts have it.
public struct TextColumn: Sendable {
    private let finder: ColumnFinder

    /// - Parameter requested: the column's name, or its number from 1; nil: a known name.
    public init(requested: String? = nil) {
        var options = RowOptions()
        (options.readsLabels, options.textColumn) = (false, requested)
        finder = ColumnFinder(options: options)
    }

    /// The index of the column; nil if no column has a known name, or several have.
    ///
    /// - Parameter source: what an error names.
    /// - Throws: if the requested column is missing or occurs twice.
    public func index(in names: [String], source: String) throws(DatasetError) -> Int? {
        do throws(RowRefusal) {
            return try finder.text(in: names)?.index
        } catch {
            throw .doubtful(
                file: source, line: nil, reason: error.reason, remedy: error.remedy ?? finder.remedy(names))
        }
    }
}
