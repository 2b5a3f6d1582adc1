import WordPiece

/// The columns of a table.
struct TableColumns: Equatable {
    var text: Int
    var label: Int?
    var count: Int
    /// Whether the first record is a header, not a row.
    var isHeader = false
    /// The normalized names of the header.
    var names: [String] = []

    /// Label and text: the columns of a table without a header.
    static let labelAndText = TableColumns(text: 1, label: 0, count: 2)
    static let textAlone = TableColumns(text: 0, label: nil, count: 1)
}

/// Finds the columns of a table by its first record, and decides whether that is a header.
struct TableHeader {
    let finder: ColumnFinder
    /// Whether a text may contain tabs, so that there are more than two columns.
    let isTabbed: Bool

    private var options: RowOptions { finder.options }

    /// The columns by the first record.
    ///
    /// - Returns: nil if the record is a row and its columns are the usual ones.
    /// - Throws: if it is an ambiguous header, or if a requested column is missing.
    func columns(_ cells: [String]) throws(RowRefusal) -> TableColumns? {
        var (text, label) = (try finder.text(in: cells), try finder.label(in: cells))
        if let place = text, place.index == label?.index {
            guard options.textColumn == nil || options.labelColumn == nil else {
                throw RowRefusal(reason: "one column cannot hold both texts and labels", remedy: finder.remedy(cells))
            }
            if options.labelColumn == nil { label = nil } else { text = nil }
        }
        if options.readsLabels, cells.count == 2 {
            // If one of two columns is requested, the other one is the other.
            if options.labelColumn != nil, let label { text = text ?? Self.other(label) }
            if options.textColumn != nil, let text { label = label ?? Self.other(text) }
        }
        let isHeader = [text, label].contains { $0?.isNumber == false } || isNumberedHeader(cells, text, label)
        if let text, label != nil || !options.readsLabels, options.namesColumns || isTold(cells) {
            let names = isHeader ? cells.map(ColumnNames.key) : []
            return TableColumns(
                text: text.index, label: label?.index, count: cells.count, isHeader: isHeader, names: names)
        }
        if options.namesColumns || isUntoldHeader(cells, isKnown: isHeader) {
            throw untold(cells, text: text, label: label)
        }
        return nil
    }

    private static func other(_ place: ColumnFinder.Place) -> ColumnFinder.Place {
        ColumnFinder.Place(index: 1 - place.index, isNumber: place.isNumber)
    }

    /// Whether the record is a header although its columns are requested by number: it holds only names, and a known
    /// one where no row has it, or several typical column names. A label "text" and a text of one such word may be a
    /// row.
    private func isNumberedHeader(
        _ cells: [String], _ text: ColumnFinder.Place?, _ label: ColumnFinder.Place?
    ) -> Bool {
        guard options.namesColumns, cells.allSatisfy(ColumnNames.looksLikeName) else { return false }
        let keys = cells.map(ColumnNames.key)
        let texts = Array(ColumnNames.texts.joined())
        let labels = Array(ColumnNames.labels(isMultiLabel: options.isMultiLabel).joined())
        let isKnown = keys.indices.contains { index in
            if index == text?.index { return texts.contains(keys[index]) }
            if index == label?.index { return labels.contains(keys[index]) }
            return texts.contains(keys[index]) || labels.contains(keys[index])
        }
        let isNumbered = keys.count > 2 && ["id", "idx", "index"].contains(keys[0])
        return isKnown || isNumbered || cells.count(where: ColumnNames.isHeading) > 1
    }

    /// Whether the record holds only names, and they name columns.
    func isHeader(_ cells: [String]) -> Bool {
        guard cells.count > 1, cells.allSatisfy(ColumnNames.looksLikeName) else { return false }
        return (try? columns(cells))?.isHeader == true || cells.allSatisfy(ColumnNames.isHeading)
    }

    /// Whether the names are conclusive: a row may have the label "text", but its text is not a name.
    private func isTold(_ cells: [String]) -> Bool {
        options.readsLabels || cells.count > 2 || cells.allSatisfy(ColumnNames.looksLikeName)
    }

    /// Whether the record is a header although its columns are not known, or not a row of any form.
    private func isUntoldHeader(_ cells: [String], isKnown: Bool) -> Bool {
        let names = cells.allSatisfy(ColumnNames.looksLikeName)
        switch cells.count {
        case ...1: return false
        case 2:
            let isText = cells.contains { ColumnNames.texts[0].contains(ColumnNames.key($0)) }
            return names && (cells.allSatisfy(ColumnNames.isHeading) || isKnown && isText)
        default:
            if isTabbed { return names && cells.contains(where: ColumnNames.isHeading) }
            return names || !options.readsLabels
        }
    }

    private func untold(_ cells: [String], text: ColumnFinder.Place?, label: ColumnFinder.Place?) -> RowRefusal {
        let shown =
            cells.allSatisfy(ColumnNames.looksLikeName) ? cells.map(\.trimmed).filter { !$0.isEmpty } : []
        if !options.readsLabels {
            return RowRefusal(reason: "cannot tell which column holds the texts", remedy: .textColumn(among: shown))
        }
        if text != nil {
            return RowRefusal(reason: "cannot tell which column holds the labels", remedy: .labelColumn(among: shown))
        }
        if label != nil {
            return RowRefusal(reason: "cannot tell which column holds the texts", remedy: .textColumn(among: shown))
        }
        return RowRefusal(
            reason: "cannot tell which columns hold the texts and the labels", remedy: .columns(among: shown))
    }
}
