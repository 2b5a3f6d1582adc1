/// Reads rows of one source into a collection.
struct RowReader {
    let bytes: ArraySlice<UInt8>
    let format: RowFormat

    func read(into rows: inout RowCollection) throws(DatasetError) {
        switch format {
        case .tsv, .csv:
            try TableReader(bytes: bytes, isTabbed: format == .tsv, options: rows.options).read(into: &rows)
        case .jsonl, .json:
            var reader = JSONRowReader(bytes: bytes, options: rows.options)
            try reader.read(asLines: format == .jsonl, into: &rows)
        }
    }
}
