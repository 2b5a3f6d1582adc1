extension RowsReport {
    /// Rows to evaluate on, and what was found in them. Only rows without text are left out, so that the metrics are
    /// those of the file.
    ///
    /// - Parameter known: labels of the adapter; others are named in the report.
    /// - Throws: `DatasetError.noRows` if nothing is left, `DatasetError.doubtful` if rows were probably read the wrong
    ///   way.
    public static func measured(
        _ collection: RowCollection, known: Set<String>? = nil
    ) throws(DatasetError) -> (rows: [LabelledText], side: Side) {
        try collection.checkPlausible(known: known ?? [])
        return try figures(collection, known: known)
    }

    static func figures(
        _ collection: RowCollection, known: Set<String>? = nil
    ) throws(DatasetError) -> (rows: [LabelledText], side: Side) {
        var side = Side(collection)
        side.count(RowFolding(collection.rows, conflicts: .newest))
        side.conflictingRows = 0
        let rows = collection.rows.filter { !NormalizedText($0.text).isEmpty }
        guard !rows.isEmpty else { throw .noRows(file: collection.name) }
        side.use(rows)
        if let known { side.unknownLabels = side.labels.map(\.label).filter { !known.contains($0) } }
        side.alikeLabels = alike((known ?? []).union(side.labels.map(\.label)))
        return (rows, side)
    }

    /// Groups of labels that differ only in case or blanks.
    static func alike(_ labels: Set<String>) -> [[String]] {
        Dictionary(grouping: labels) { $0.lowercased().filter { !$0.isWhitespace } }.values
            .filter { $0.count > 1 }.map { $0.sorted() }.sorted { ($0.first ?? "") < ($1.first ?? "") }
    }
}
