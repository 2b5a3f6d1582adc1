import Foundation

/// The exclusive right to retrain a task, for as long as it lasts.
public protocol RetrainingLease: Sendable {
    /// Why this process may hold it no longer; `nil` while it does. Cheap: asked between training steps.
    var loss: String? { get }
}

/// Who retrains a task at this moment.
public struct LeaseHolder: Sendable, Equatable {
    /// Host and process, for a person.
    public var process: String
    /// When it began, by the database's clock.
    public var since: Date

    public init(process: String, since: Date) {
        (self.process, self.since) = (process, since)
    }
}

/// What came of work that only one process may do at a time.
public enum Exclusive<Value: Sendable>: Sendable {
    case ran(Value)
    /// Nothing was run: another process is at it.
    case held(by: LeaseHolder)

    /// What the work returned; `nil` if another process holds the lease.
    public var value: Value? {
        if case .ran(let value) = self { value } else { nil }
    }

    /// Who holds the lease, if that is not this process.
    public var holder: LeaseHolder? {
        if case .held(let holder) = self { holder } else { nil }
    }
}
