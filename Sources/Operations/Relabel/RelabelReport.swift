import FoundationEssentials

/// What a run of `lorikeet relabel` did, or would do.
public struct RelabelReport: Sendable, Codable, Equatable, PublishingReport {
    /// Rows whose labels were not those of the live adapters.
    public var rows = 0
    /// Rows that were relabelled; in a dry run, that would be. A row that a promotion meanwhile made old counts again.
    public var relabelled = 0
    /// Those whose label is another one now.
    public var changed = 0
    /// Rows that were written or deleted since they were read, and left as they are.
    public var overtaken = 0
    /// Rows without a stored text.
    public var withoutText = 0
    /// Rows that could not be relabelled, by reason.
    public var failed: [String: Int] = [:]
    /// Whether nothing was written.
    public var isDryRun = false
    /// Whether the run ended by itself, not by a signal.
    public var isComplete = true
    /// Adapters that went live while it ran.
    public var promotions: [AdapterReplacement] = []
    /// Versions that went live while it ran and cannot be used here, by task, with the reason.
    public var refused: [String: String] = [:]
    /// Records that wait in the outbox; nil if nothing was to be published.
    public var outbox: Int?
    /// Host and process that publish them; nil: nobody does.
    public var publisher: String?
    /// Former label against label, the most frequent first; equal ones are left out.
    public var changes: [Change] = []
    /// The texts with another label whose score is the highest, that one first. Only in a dry run.
    public var mostChanged: [ChangedText] = []

    /// What changed in the registry meanwhile, a line each.
    public var adapterNotes: [String] { FollowedAdapters.notes(replacements: promotions, refused: refused) }

    /// Rows whose label changes in the same way.
    public struct Change: Sendable, Codable, Equatable {
        /// The task.
        public var task: String
        /// The former label.
        public var from: String
        /// The label.
        public var to: String
        /// How many rows.
        public var rows: Int
    }

    /// A text whose label changes.
    public struct ChangedText: Sendable, Codable, Equatable {
        /// As `topic/partition@offset`.
        public var origin: String
        /// The task.
        public var task: String
        /// The former label.
        public var from: String
        /// The label.
        public var to: String
        /// Its score.
        public var score: Double
        /// The beginning of the text, on one line, for the terminal of the person who asked.
        public var text = ""

        /// Without the text: files and logs get no texts.
        enum CodingKeys: CodingKey { case origin, task, from, to, score }
    }
}
