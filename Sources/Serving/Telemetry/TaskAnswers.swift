/// What a task answered to the newest texts of a pipeline.
public struct TaskAnswers: Sendable, Equatable {
    /// How often a label was given.
    public struct Count: Sendable, Equatable {
        /// The label.
        public var label: String
        /// The texts that got it.
        public var texts: Int

        /// - Parameters: as the properties.
        public init(label: String, texts: Int) { (self.label, self.texts) = (label, texts) }
    }

    /// The task's name.
    public var task: String
    /// How many texts are counted: at most the newest 1,000.
    public var texts: Int
    /// The most frequent label first; abstentions count for none.
    public var labels: [Count]
    /// Texts without a label for whatever reason.
    public var abstentions: Int
    /// The mean probability of the best label, abstentions included.
    public var meanScore: Double

    /// - Parameters: as the properties.
    public init(task: String, texts: Int, labels: [Count], abstentions: Int, meanScore: Double) {
        (self.task, self.texts, self.labels) = (task, texts, labels)
        (self.abstentions, self.meanScore) = (abstentions, meanScore)
    }
}
