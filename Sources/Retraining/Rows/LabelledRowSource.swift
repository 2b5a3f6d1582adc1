import FoundationEssentials

/// Where the retraining path reads labelled rows.
public protocol LabelledRowSource: Sendable {
    /// The newest rows of a task, at most `limit` of them, oldest first (by time of creation, then by id).
    func rows(task: String, limit: Int) async throws -> [LabelledRow]

    /// The newest texts of a task's stream, labelled or not, at most `limit` of them, the newest first. A text may
    /// occur several times.
    func recentTexts(task: String, limit: Int) async throws -> [String]

    /// What a person should know of where the rows of a task come from, such as that the daemon's own labels may be
    /// among them; nil: nothing.
    func remark(task: String) async throws -> String?
}

/// A labelled text, as the database keeps it.
public struct LabelledRow: Sendable, Equatable {
    /// Unique within the source.
    public var id: Int64
    /// The text that was labelled.
    public var text: String
    /// One label, or all labels of a set.
    public var labels: [String]
    /// Whether the row has a set of labels, be it empty or of one label: a row of a multi-label task.
    public var isSet: Bool
    /// When the row was added.
    public var createdAt: Date
    /// Who labelled it; nil if that is not known.
    public var annotator: String?
    /// Where it comes from, as in ``isDraft``; nil if that is not known.
    public var source: String?
    /// Why the row cannot be used, whatever the task is; nil if nothing is wrong with it.
    public var defect: Defect?

    /// What a row may lack.
    public enum Defect: Sendable, Equatable {
        /// Its text is null.
        case withoutText
        /// Its label is null, or one of its set is.
        case withoutLabel
        /// Its time is null.
        case withoutTime
        /// Its labels are of a type that is no text and no list of texts.
        case wrongType
    }

    /// A row with one label.
    public init(
        id: Int64, text: String, label: String, createdAt: Date, annotator: String? = nil, source: String? = nil
    ) {
        self.init(id: id, text: text, labels: [label], isSet: false, createdAt: createdAt)
        (self.annotator, self.source) = (annotator, source)
    }

    /// A row with a set of labels.
    public init(
        id: Int64, text: String, labels: [String], createdAt: Date, annotator: String? = nil, source: String? = nil
    ) {
        self.init(id: id, text: text, labels: labels, isSet: true, createdAt: createdAt)
        (self.annotator, self.source) = (annotator, source)
    }

    /// A row that cannot be used.
    ///
    /// - Parameter text: empty where there is none.
    public init(id: Int64, defect: Defect, text: String = "", createdAt: Date) {
        self.init(id: id, text: text, labels: [], isSet: false, createdAt: createdAt)
        self.defect = defect
    }

    /// The label; the first one of a set, and empty for an empty set.
    public var label: String { labels.first ?? "" }

    /// Whether a machine labelled it and no person has reviewed that: its source is `draft`, or begins with `draft:`.
    public var isDraft: Bool { source == "draft" || source?.hasPrefix("draft:") == true }

    private init(id: Int64, text: String, labels: [String], isSet: Bool, createdAt: Date) {
        self.id = id
        self.text = text
        self.labels = labels
        self.isSet = isSet
        self.createdAt = createdAt
    }
}
