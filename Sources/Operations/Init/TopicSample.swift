import Connectors
import JSON
import KafkaClient
import Pipelines
import SchemaRegistry
import Serving
import Threading

/// What some records of a topic look like: formats, names of fields and lengths. Keeps no text.
struct TopicSample: Sendable, Equatable {
    /// A string in records.
    struct Field: Sendable, Equatable {
        /// Its JSON Pointer.
        let pointer: String
        /// In how many records it is.
        var records = 0
        /// Characters of the shortest and of the longest one, and of all together.
        var shortest = Int.max, longest = 0, total = 0
    }

    /// How many records there are, of each kind.
    private(set) var records = 0
    private(set) var framed = 0
    private(set) var json = 0
    private(set) var text = 0
    /// Those of the records that are JSON, or were decoded by a registry, in the order of their appearance.
    private(set) var fields: [Field] = []
    /// Why records with a schema could not be decoded; nil if they were, or if none was tried.
    private(set) var obstacle: String?

    /// Records that are asked for.
    static let maximum = 50
    /// How deep fields are looked for, and how many there may be.
    private static let depth = 6
    private static let maximumFields = 200

    /// Whether records have a schema of a registry.
    var needsRegistry: Bool { framed > 0 }

    /// The field that is most probably the text: the longest one on average; nil if records are texts themselves.
    var proposal: String? {
        guard records > 0, text * 2 < records else { return nil }
        return fields.max { $0.total < $1.total }?.pointer
    }

    /// Adds a record.
    ///
    /// - Parameter decoded: what a registry makes of it; nil if none was asked.
    mutating func add(_ message: SourceMessage, decoded: DecodedPayload? = nil) {
        guard let payload = message.payload else { return }
        records += 1
        let frame = SchemaFrame(message)
        if frame != nil { framed += 1 }
        if case .value(let value)? = decoded { return add(value, pointer: "", depth: 0) }
        if case .rejected(_, let reason)? = decoded, frame != nil { obstacle = obstacle ?? reason }
        var start = 0
        if case .json(let from)? = decoded { start = from } else if frame != nil { return }
        if let value = try? JSONParser.parse(Array(payload[start...])), case .object = value {
            json += 1
            add(value, pointer: "", depth: 0)
        } else if frame == nil, String(validating: payload, as: UTF8.self) != nil {
            text += 1
        }
    }

    private mutating func add(_ value: JSONValue, pointer: String, depth: Int) {
        switch value {
        case .object(let members) where depth < Self.depth:
            for (key, value) in members {
                let step = key.replacing("~", with: "~0").replacing("/", with: "~1")
                add(value, pointer: "\(pointer)/\(step)", depth: depth + 1)
            }
        case .string(let string):
            let length = string.count
            let index = fields.firstIndex { $0.pointer == pointer } ?? fields.count
            if index == fields.count {
                guard fields.count < Self.maximumFields else { return }
                fields.append(Field(pointer: pointer))
            }
            fields[index].records += 1
            fields[index].shortest = min(fields[index].shortest, length)
            fields[index].longest = max(fields[index].longest, length)
            fields[index].total += length
        default: break
        }
    }

    /// For a person: names and lengths, never a text.
    var lines: [String] {
        guard records > 0 else { return ["the topic has no records yet"] }
        let kinds = [(framed, "with a schema of a registry"), (json, "JSON"), (text, "text")].filter { $0.0 > 0 }
        let other = kinds.isEmpty ? "binary" : kinds.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        return ["\(records) records: \(other)"]
            + [obstacle.map { "  their schema cannot be used: \($0)" }].compactMap(\.self)
            + fields.sorted { $0.total > $1.total }.prefix(10).map {
                "  \($0.pointer): in \($0.records), \($0.shortest) to \($0.longest) characters"
            }
    }
}

extension TopicSample {
    /// Reads records of a topic, outside any group.
    ///
    /// - Parameter registry: the address of a schema registry; nil: records with a schema are counted only.
    static func read(
        topic: String, brokers: String, registry: String?
    ) async throws(CommandFailure) -> (sample: TopicSample, topics: [String]) {
        let (messages, topics) = try await messages(topic: topic, brokers: brokers)
        var sample = TopicSample()
        var decoder: (any PayloadDecoder)?
        if let registry {
            let settings = RegistrySettings(url: registry, username: nil, password: nil, certificates: nil)
            let decoders = RegistryDecoders(settings, format: .auto, capacity: 100)
            do throws(ConnectorError) { decoder = try await decoders.decoder(for: messages) } catch {
                sample.obstacle = error.reason
            }
            await decoders.close()
        }
        for message in messages {
            sample.add(message, decoded: message.payload == nil ? nil : decoder?.decode(message))
        }
        return (sample, topics)
    }

    private static func messages(
        topic: String, brokers: String
    ) async throws(CommandFailure) -> (messages: [SourceMessage], topics: [String]) {
        let result: Result<([SourceMessage], [String]), CommandFailure> = await SystemThread.run(name: "topic sample") {
            let properties = ["bootstrap.servers": brokers, "group.id": "lorikeet-init"]
            do {
                let probe = try KafkaProbe(properties: properties, topics: [topic])
                let known = try probe.topics(within: .seconds(5))
                let names = known.keys.filter { !$0.hasPrefix("__") }.sorted()
                guard let partitions = known[topic]?.partitions, partitions > 0 else { return .success(([], names)) }
                let records = try probe.newestRecords(
                    of: topic, partitions: partitions, atMost: maximum, within: .seconds(5))
                return .success((records.map(SourceMessage.init), names))
            } catch let failure as KafkaProbeFailure {
                return .failure(CommandFailure(.failed, "\(failure)"))
            } catch {
                return .failure(CommandFailure(.failed, "\(error)"))
            }
        }
        return try result.get()
    }
}

extension SourceMessage {
    /// A record that only its payload and headers matter of.
    fileprivate init(_ message: KafkaMessage) {
        self.init(
            origin: Origin(topic: message.topic, partition: message.partition, offset: message.offset),
            key: nil, payload: message.payload, headers: message.headers.map { ($0.name, $0.value) })
    }
}
