/// The outcome of every example, in the order of the files.
public struct ExamplesReport: Sendable, Codable, Equatable {
    /// The outcome of one example.
    public struct Result: Sendable, Codable, Equatable {
        /// The pipeline file as the user named it.
        public var file: String
        /// The line of the example, from 1.
        public var line: Int
        /// Name of the pipeline.
        public var pipeline: String
        /// Name of the task.
        public var task: String
        /// The text that was classified.
        public var text: String
        /// The expected label, or labels with commas.
        public var expected: String
        /// The best label, or the labels that hold; given also where the task abstains.
        public var actual: String
        /// The score of the best label.
        public var score: Double
        /// Whether the score is below the task's `abstain_below`, or the text beyond its `none_of_these`.
        public var abstained: Bool
        /// Whether the labels are the expected ones and the task does not abstain.
        public var passed: Bool
        /// Digest of the adapter that classified.
        public var adapterDigest: String
    }

    /// One result per example.
    public var results: [Result]

    /// 0 if every example passed, else 1.
    public var status: ExitStatus { results.allSatisfy(\.passed) ? .done : .failed }
}
