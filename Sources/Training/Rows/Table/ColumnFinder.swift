import WordPiece

/// Why a row, or the columns of a table, cannot be used.
struct RowRefusal: Error {
    var reason: String
    var remedy: RowRemedy?
}

/// Finds the columns of texts and labels among named ones: in a header, a JSON object or the result of a query.
struct ColumnFinder {
    let options: RowOptions

    /// The position of a column.
    struct Place: Equatable {
        var index: Int
        /// Whether it was found by its number, not by a name.
        var isNumber = false
    }

    /// The column of texts.
    ///
    /// - Throws: if a requested column is missing or occurs twice.
    func text(in names: [String]) throws(RowRefusal) -> Place? {
        if let requested = options.textColumn { return try place(of: requested, in: names) }
        return try known(ColumnNames.texts, in: names)
    }

    /// The column of labels.
    ///
    /// - Throws: if a requested column is missing or occurs twice.
    func label(in names: [String]) throws(RowRefusal) -> Place? {
        guard options.readsLabels else { return nil }
        if let requested = options.labelColumn { return try place(of: requested, in: names) }
        return try known(ColumnNames.labels(isMultiLabel: options.isMultiLabel), in: names)
    }

    /// What would decide the columns, with the names that there are.
    func remedy(_ names: [String]) -> RowRemedy {
        let shown = names.allSatisfy(ColumnNames.looksLikeName) ? names.filter { !$0.isEmpty } : []
        return options.readsLabels ? .columns(among: shown) : .textColumn(among: shown)
    }

    private func place(of requested: String, in names: [String]) throws(RowRefusal) -> Place {
        let same = names.indices.filter { names[$0].trimmed == requested }
        let key = ColumnNames.key(requested)
        let alike = same.isEmpty && !key.isEmpty ? names.indices.filter { ColumnNames.key(names[$0]) == key } : same
        if let index = alike.first {
            guard alike.count == 1 else { throw duplicateColumn(requested, in: names) }
            return Place(index: index)
        }
        if let number = Int(requested), names.indices.contains(number - 1) {
            return Place(index: number - 1, isNumber: true)
        }
        throw RowRefusal(reason: "there is no column \"\(requested)\"", remedy: remedy(names))
    }

    private func known(_ ranks: [[String]], in names: [String]) throws(RowRefusal) -> Place? {
        let keys = names.map(ColumnNames.key)
        for rank in ranks {
            let found = keys.indices.filter { rank.contains(keys[$0]) }
            if let index = found.first {
                if found.count == 1 { return Place(index: index) }
                if Set(found.map { keys[$0] }).count == 1 { throw duplicateColumn(keys[index], in: names) }
                // Ambiguous: several columns qualify.
                return nil
            }
        }
        return nil
    }

    private func duplicateColumn(_ name: String, in names: [String]) -> RowRefusal {
        RowRefusal(reason: "there are several columns named \"\(name)\"", remedy: remedy(names))
    }
}
