/// What a sink did with the outcomes it was given.
public struct StoreReceipt: Sendable, Equatable {
    /// Messages whose label rows were stored.
    public var labelled: Int
    /// Messages stored as rejected, including those that the database refused.
    public var rejected: Int
    /// Labelled messages whose rows the database refused, by SQLSTATE. They are stored as rejected.
    public var refused: [String: Int]
    /// The same messages, each once, as they are stored.
    public var refusals: [Rejection]

    /// - Parameters: as the properties.
    public init(
        labelled: Int = 0, rejected: Int = 0, refused: [String: Int] = [:], refusals: [Rejection] = []
    ) {
        self.labelled = labelled
        self.rejected = rejected
        self.refused = refused
        self.refusals = refusals
    }

    /// Whether the counts are the same.
    public static func == (left: StoreReceipt, right: StoreReceipt) -> Bool {
        (left.labelled, left.rejected) == (right.labelled, right.rejected) && left.refused == right.refused
    }
}
