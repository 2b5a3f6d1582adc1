import FoundationEssentials

/// The exclusive right to retrain a task.
public protocol RetrainingLease: Sendable {
    /// Why this process no longer holds the lease; `nil` while it does. Cheap: it is asked between training steps.
    var loss: String? { get }

    /// Whether the lease is lost for certain. Otherwise it may only be that it could not be renewed: then training goes
    /// on, and before anything is promoted the lease is acquired again.
    var isTaken: Bool { get }
}

/// Who holds a lease.
public struct LeaseHolder: Sendable, Equatable {
    /// Host and process, for a person.
    public var process: String
    /// When the lease was acquired, by the database's clock.
    public var since: Date

    /// A holder with the time of acquisition.
    public init(process: String, since: Date) {
        (self.process, self.since) = (process, since)
    }
}

/// The result of work that only one process may do at a time.
public enum Exclusive<Value: Sendable>: Sendable {
    /// The work was done.
    case ran(Value)
    /// The work was not begun, because another process does it.
    case held(by: LeaseHolder)

    /// What the work returned; `nil` if another process holds the lease.
    public var value: Value? {
        if case .ran(let value) = self { value } else { nil }
    }

    /// The other process that holds the lease; `nil` if the work was done.
    public var holder: LeaseHolder? {
        if case .held(let holder) = self { holder } else { nil }
    }
}
