import PostgresClient
import Serving

/// Which records of a pipeline go into the outbox, and what is published of them.
public struct OutboxSettings: Sendable, Equatable {
    /// Which labels are published: those of these tasks; nil: those of all tasks.
    public var tasks: Set<String>?
    /// The key of published labels.
    public var key: PublishedKey
    /// Whether labels are published.
    public var publishesLabels: Bool
    /// Whether rejected records are published.
    public var publishesRejected: Bool
    /// Records in the outbox at which the sink stores nothing more until some are published.
    public var maximumRows: Int

    /// - Parameters: as the properties.
    public init(
        tasks: Set<String>? = nil, key: PublishedKey = .message, publishesLabels: Bool = true,
        publishesRejected: Bool = false, maximumRows: Int = OutboxDepth.standardMaximum
    ) {
        self.tasks = tasks
        self.key = key
        self.publishesLabels = publishesLabels
        self.publishesRejected = publishesRejected
        self.maximumRows = maximumRows
    }

    /// What is published. Rows of another kind, from before a change of the pipeline file, stay where they are and do
    /// not count.
    var kinds: [OutboxKind] {
        OutboxKind.allCases.filter { $0 == .labels ? publishesLabels : publishesRejected }
    }

    /// ``kinds`` as a parameter of a statement.
    var kindsParameter: PostgresValue { .texts(kinds.map(\.rawValue)) }

    /// Whether labels of the task are published.
    func publishes(task: String) -> Bool { publishesLabels && (tasks?.contains(task) ?? true) }
}
