import WordPiece

/// Reads annotations from a table with a header: the queue's own CSV, Label Studio's and doccano's.
struct AnnotationTable {
    private let options: RowOptions

    init(_ options: RowOptions) { self.options = options }

    func outcomes(of bytes: ArraySlice<UInt8>, separator: UInt8) -> [AnnotationOutcome] {
        var parser = CSVParser(bytes, separator: separator)
        var outcomes: [AnnotationOutcome] = []
        var header: Header?
        while let item = parser.next() {
            switch item {
            case .bad(let line, let reason): outcomes.append(.refused(line: line, RowRefusal(reason: reason)))
            case .record(let fields, let line):
                guard let cells = Self.cells(fields) else {
                    outcomes.append(.refused(line: line, RowRefusal(reason: "not UTF-8")))
                    continue
                }
                guard let columns = header else {
                    do throws(RowRefusal) {
                        header = try Header(cells, options)
                        continue
                    } catch {
                        return [.broken(reason: error.reason)]
                    }
                }
                outcomes.append(outcome(cells, columns, line: line))
            }
        }
        return outcomes
    }

    private struct Header {
        let names: [String]
        let text: Int
        let label: Int

        init(_ cells: [String], _ options: RowOptions) throws(RowRefusal) {
            names = cells.map { $0.trimmed.lowercased() }
            let finder = ColumnFinder(options: options)
            guard let text = try finder.text(in: cells), let label = try finder.label(in: cells) else {
                throw RowRefusal(reason: "its first line must name the columns: text and label at least")
            }
            (self.text, self.label) = (text.index, label.index)
        }

        func value(_ name: String, _ cells: [String]) -> String? {
            guard let place = names.firstIndex(of: name), !cells[place].allSatisfy(\.isWhitespace) else { return nil }
            return cells[place].trimmed
        }
    }

    private static func cells(_ fields: [[UInt8]]) -> [String]? {
        let cells = fields.compactMap { String(validating: $0, as: UTF8.self) }
        return cells.count == fields.count ? cells : nil
    }

    private func outcome(_ cells: [String], _ header: Header, line: Int) -> AnnotationOutcome {
        guard cells.count == header.names.count else {
            let reason = "has \(cells.count) columns, the first line has \(header.names.count)"
            return .refused(line: line, RowRefusal(reason: reason))
        }
        if cells[header.label].allSatisfy(\.isWhitespace) { return .unanswered }
        let time = header.value("updated_at", cells) ?? header.value("created_at", cells)
        let annotator = header.value("annotator", cells)
        let answer = FileAnnotation(
            line: line, text: cells[header.text], labels: [],
            // A number is the tool's own.
            annotator: annotator.flatMap { Int($0) == nil ? $0 : nil },
            time: time.flatMap { TimeText($0.trimmed)?.date }, record: record(cells, header))
        return .answer(answer, .text(cells[header.label]))
    }

    private func record(_ cells: [String], _ header: Header) -> FileAnnotation.Record? {
        guard let topic = header.value("topic", cells),
            let partition = header.value("partition", cells).flatMap({ Int($0) }),
            let offset = header.value("offset", cells).flatMap({ Int($0) })
        else { return nil }
        return FileAnnotation.Record(topic: topic, partition: partition, offset: offset)
    }
}
