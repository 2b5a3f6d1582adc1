import FoundationEssentials
import WordPiece

/// A text that an annotator labelled, as the file of a labelling tool has it.
public struct FileAnnotation: Sendable, Equatable {
    /// The Kafka record that the text came from, if the file names it.
    public struct Record: Sendable, Equatable {
        /// The topic.
        public var topic: String
        /// The partition.
        public var partition: Int
        /// The offset.
        public var offset: Int
    }

    /// The line that it begins on, from 1; in an array, its number.
    public var line: Int
    /// The text.
    public var text: String
    /// One label; in a multi-label task the set.
    public var labels: [String]
    /// Who labelled it, if the file has a name or an address: a number says nothing outside of its tool.
    public var annotator: String?
    /// When it was labelled, if the file says so.
    public var time: Date?
    /// Where the text came from, if the file says so.
    public var record: Record?
}

/// Reads the answers of annotators, with annotator, time and origin: `lorikeet annotations queue` in every format that
/// it writes, filled in, and the exports of Label Studio (JSON, JSON-MIN, CSV, TSV) and doccano (JSONL, CSV).
public struct AnnotationFile: Sendable {
    /// The forms of a file.
    public enum Format: String, Sendable, CaseIterable {
        /// By the ending of the file and by its content.
        case auto
        /// One JSON object per line.
        case jsonl
        /// A table with a header.
        case csv
        /// Tasks with annotations: Label Studio's JSON.
        case labelStudio = "label-studio"
        /// One JSON object per line, with a list of labels.
        case doccano
    }

    /// The answers, in order.
    public private(set) var annotations: [FileAnnotation] = []
    /// Texts without an answer: an empty or missing label, or a task that was skipped.
    public private(set) var unanswered = 0
    /// The rows that were skipped because they cannot be read.
    public var badRows: [BadRow] { rows.badRows }

    /// Cleans labels as in every file of rows, and counts bad rows.
    private var rows: RowCollection

    /// Reads a file; `-` is standard input.
    ///
    /// - Throws: the first row that cannot be read, unless these are skipped.
    public init(path: String, format: Format = .auto, options: RowOptions) throws(DatasetError) {
        rows = RowCollection(options)
        let source = try SourceBytes(path: path)
        rows.begin(source: source.name)
        let outcomes =
            if Self.isTable(path: path, format, source.bytes) {
                AnnotationTable(options).outcomes(
                    of: source.bytes, separator: UInt8(ascii: RowFormat(path: path) == .tsv ? "\t" : ","))
            } else {
                AnnotationObjects(options).outcomes(of: source.bytes)
            }
        for outcome in outcomes {
            switch outcome {
            case .answer(let answer, let labels): try add(answer, labels)
            case .unanswered: unanswered += 1
            case .refused(let line, let refusal):
                try rows.refuse(line: line, reason: refusal.reason, remedy: refusal.remedy)
            case .broken(let reason): throw .badLine(file: source.name, line: 1, reason: reason)
            }
        }
    }

    /// Standard input has no ending: there, JSON begins with a bracket or a brace.
    private static func isTable(path: String, _ format: Format, _ bytes: ArraySlice<UInt8>) -> Bool {
        if format != .auto { return format == .csv }
        if let known = RowFormat(path: path) { return known == .csv || known == .tsv }
        let first = bytes.first { $0 > 0x20 }
        return first != UInt8(ascii: "{") && first != UInt8(ascii: "[")
    }

    /// Adds an answer with its labels cleaned as in every file of rows.
    private mutating func add(_ answer: FileAnnotation, _ labels: RowCollection.Labels) throws(DatasetError) {
        guard !NormalizedText(answer.text).isEmpty else {
            return try rows.refuse(line: answer.line, reason: "the text is empty")
        }
        let before = rows.rows.count
        try rows.add(text: answer.text, labels: labels, line: answer.line)
        guard rows.rows.count > before, let row = rows.rows.last else { return }
        var answer = answer
        answer.labels = row.labels
        annotations.append(answer)
    }
}

/// What a row of a file of annotations is.
enum AnnotationOutcome {
    /// An answer, with its labels as the file has them.
    case answer(FileAnnotation, RowCollection.Labels)
    /// A text that nobody labelled.
    case unanswered
    /// A row that cannot be read.
    case refused(line: Int, RowRefusal)
    /// A file of which nobody knows where its rows begin.
    case broken(reason: String)
}
