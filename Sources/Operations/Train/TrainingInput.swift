import Training

/// Where the rows of a training come from, and how they are prepared.
public struct TrainingInput {
    /// Files of training rows; `-` is standard input.
    public var training: [String]
    /// SQL of training rows.
    public var trainingQuery: String?
    /// Files of validation rows. With neither these nor a query, a part of the training rows is held out.
    public var validation: [String]
    /// SQL of validation rows.
    public var validationQuery: String?
    /// Percentage of the texts that is held out without validation rows; 0: none.
    public var holdOut: Int
    /// Which label counts for a text with different labels.
    public var conflicts: ConflictRule
    /// How rows are read.
    public var options: RowOptions
    /// The database of the queries.
    public var database: DatabaseSource

    /// The input of a training.
    public init(
        training: [String], trainingQuery: String?, validation: [String], validationQuery: String?, holdOut: Int,
        conflicts: ConflictRule, options: RowOptions, database: DatabaseSource
    ) {
        (self.training, self.trainingQuery) = (training, trainingQuery)
        (self.validation, self.validationQuery) = (validation, validationQuery)
        (self.holdOut, self.conflicts) = (holdOut, conflicts)
        (self.options, self.database) = (options, database)
    }

    /// Reads and prepares the rows.
    ///
    /// - Parameter known: labels of the adapter to start from.
    func prepared(known: [String]) throws -> PreparedRows {
        let hasValidation = !validation.isEmpty || validationQuery != nil
        let validationRows = hasValidation ? try collect(validation, query: validationQuery) : nil
        return try PreparedRows(
            training: try collect(training, query: trainingQuery), validation: validationRows, conflicts: conflicts,
            holdOut: HoldOut(percentage: holdOut), known: known)
    }

    private func collect(_ files: [String], query: String?) throws -> RowCollection {
        var rows = try LabelledFile.collect(paths: files, options: options)
        if let query { try RowQuery(sql: query, database: database.connectionString()).read(into: &rows) }
        return rows
    }
}
