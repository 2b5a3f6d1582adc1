/// The outcome of every example, in the order of the files.
public struct ExampleReport: Sendable, Codable, Equatable {
    public struct Result: Sendable, Codable, Equatable {
        public var file: String
        public var line: Int
        public var pipeline: String
        public var task: String
        public var text: String
        /// The label that the example asks for.
        public var expected: String
        /// The best label, also where its score is too low to be stored.
        public var actual: String
        public var score: Double
        /// Whether the score is below the task's `abstain_below`.
        public var abstained: Bool
        public var passed: Bool
        public var adapterDigest: String
    }

    public var results: [Result]

    /// 0 if every example passed, else 1.
    public var status: ExitStatus { results.allSatisfy(\.passed) ? .done : .failed }
}
