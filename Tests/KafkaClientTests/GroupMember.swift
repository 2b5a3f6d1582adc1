import KafkaClient
import Synchronization
import TestSupport

/// A consumer that writes down what it was told, and takes every message it polls as done.
final class GroupMember {
    /// What the closures saw, in order.
    enum Event: Equatable {
        case assigned([TopicPartition])
        case revoked([TopicPartition], lost: Bool)
        case failed(String)
    }

    private final class Notes {
        var events: [Event] = []
        /// The next offset to read of each partition, as a daemon would track it.
        var positions: [TopicPartition: Int64] = [:]
    }

    let consumer: KafkaConsumer
    let log = LogLines()
    private let notes = Notes()

    /// Messages that came since `read` returned last.
    private(set) var later: [KafkaMessage] = []

    init(_ properties: [String: String], topics: [String], start: ConsumerStart = .byDefault) throws {
        consumer = try KafkaConsumer(
            properties: properties, topics: topics, start: start,
            onAssigned: { [notes] in notes.events.append(.assigned($0)) },
            onRevoked: { [notes] partitions, lost in
                notes.events.append(.revoked(partitions, lost: lost))
                return notes.positions.filter { partitions.contains($0.key) }
            },
            onError: { [notes] in notes.events.append(.failed($0.name)) }, onLog: { [log] in log.append($0) })
    }

    var events: [Event] { notes.events }
    var positions: [TopicPartition: Int64] { notes.positions }

    /// The partitions of each revocation.
    var revocations: [[TopicPartition]] {
        events.compactMap { if case .revoked(let partitions, _) = $0 { partitions } else { nil } }
    }

    func forgetPositions() { notes.positions = [:] }

    @discardableResult
    func poll(_ timeout: Duration = .milliseconds(100), maximum: Int = 1000) throws -> [KafkaMessage] {
        let messages = try consumer.poll(maximum: maximum, timeout: timeout)
        for message in messages { notes.positions[message.topicPartition] = message.offset + 1 }
        later += messages
        return messages
    }

    /// Polls until so many messages came.
    func read(_ count: Int, within limit: Duration = .seconds(60)) throws -> [KafkaMessage] {
        let deadline = ContinuousClock.now + limit
        var messages: [KafkaMessage] = []
        while messages.count < count {
            messages += try poll(.milliseconds(500))
            if ContinuousClock.now > deadline {
                throw TestTimeout(waitingFor: "\(count) messages, got \(messages.count); \(events)")
            }
        }
        later = []
        return messages
    }
}

struct TestTimeout: Error {
    var waitingFor: String
}

/// Serves members in turn until something holds.
func poll(_ members: [GroupMember], within limit: Duration = .seconds(60), until condition: () -> Bool) throws {
    let deadline = ContinuousClock.now + limit
    while !condition() {
        for member in members { try member.poll(.milliseconds(50)) }
        if ContinuousClock.now > deadline { throw TestTimeout(waitingFor: "\(members.map(\.events))") }
    }
}

/// Lines of librdkafka's log, from its threads.
final class LogLines: Sendable {
    private let lines = Mutex<[KafkaLogLine]>([])

    func append(_ line: KafkaLogLine) { lines.withLock { $0.append(line) } }

    var all: [KafkaLogLine] { lines.withLock { $0 } }
}
