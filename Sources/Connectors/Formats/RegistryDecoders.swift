import Avro
import SchemaRegistry
import Serving
import Threading

/// Decodes what a schema registry describes. Keeps the schemas that it has seen: what an id means never changes.
public actor RegistryDecoders: DecoderSource {
    /// How the records of one schema are decoded.
    enum Codec: Sendable {
        case avro(AvroSchema)
        case json
        case rejected(cause: String, reason: String)
    }

    private struct Entry {
        var codec: Codec
        /// When a refusal is asked for again; nil: never.
        var expiresAt: Duration?
        var usedAt = 0
    }

    /// A schema that the registry does not have may be registered a moment later.
    private static let refusalLifetime = Duration.seconds(30)
    /// How long one call may ask for schemas before the caller sees to its group again.
    private static let patience = Duration.seconds(10)

    private let client: RegistryClient
    private let format: RecordFormat
    private let capacity: Int
    private let clock: Clock
    private var entries: [SchemaFrame.Reference: Entry] = [:]
    private var uses = 0

    /// Asks nothing until a message needs it.
    ///
    /// - Parameters:
    ///   - settings: the registry's.
    ///   - format: what the pipeline file says of its records.
    ///   - capacity: schemas to keep.
    ///   - clock: measures how long calls take, and how long a refusal counts.
    public init(_ settings: RegistrySettings, format: RecordFormat, capacity: Int, clock: Clock = .system) {
        client = RegistryClient(settings, patience: Self.patience, clock: clock)
        (self.format, self.capacity, self.clock) = (format, capacity, clock)
    }

    /// Asks for the schemas that are not known yet.
    public func decoder(for messages: [SourceMessage]) async throws(ConnectorError) -> any PayloadDecoder {
        var codecs: [SchemaFrame.Reference: Codec] = [:]
        uses += 1
        let start = clock.now()
        for message in messages where message.payload != nil {
            guard let reference = SchemaFrame(message)?.reference, codecs[reference] == nil else { continue }
            // What was answered is kept, so that the next attempt gets further.
            if clock.now() - start > Self.patience, entries[reference] == nil {
                throw ConnectorError(action: .retry, reason: "schema registry: still asking for schemas", cause: "slow")
            }
            codecs[reference] = try await codec(of: reference)
        }
        forget()
        return RegistryPayloadDecoder(format: format, codecs: codecs)
    }

    /// Closes the connection.
    public func close() async { await client.close() }

    private func codec(of reference: SchemaFrame.Reference) async throws(ConnectorError) -> Codec {
        let now = clock.now()
        if let entry = entries[reference], entry.expiresAt.map({ now < $0 }) ?? true {
            entries[reference]?.usedAt = uses
            return entry.codec
        }
        var entry: Entry
        do throws(RegistryError) {
            entry = Entry(codec: Self.codec(of: try await schema(reference), named: reference))
        } catch {
            guard FailureTable.action(for: error) == .reject else { throw ConnectorError(error) }
            entry = Entry(codec: .rejected(cause: error.kind.rawValue, reason: error.reason))
            entry.expiresAt = clock.now() + Self.refusalLifetime
        }
        entry.usedAt = uses
        entries[reference] = entry
        return entry.codec
    }

    private func schema(_ reference: SchemaFrame.Reference) async throws(RegistryError) -> RegisteredSchema {
        switch reference {
        case .id(let id): try await client.schema(id: id)
        case .guid(let guid): try await client.schema(guid: guid)
        }
    }

    private static func codec(of schema: RegisteredSchema, named name: SchemaFrame.Reference) -> Codec {
        switch schema.kind {
        case .json: return .json
        case .protobuf:
            return .rejected(
                cause: "protobuf",
                reason: "\(name) is Protobuf, which is not read: convert the topic to Avro or JSON")
        case .avro:
            do throws(AvroError) {
                return .avro(try AvroSchema(schema.text, references: schema.references))
            } catch {
                return .rejected(
                    cause: RegistryError.Kind.unusable.rawValue, reason: "\(name) cannot be used: \(error)")
            }
        }
    }

    /// Forgets what was not used for longest. What the present messages need stays.
    private func forget() {
        guard entries.count > capacity else { return }
        let old = entries.filter { $0.value.usedAt != uses }.sorted { $0.value.usedAt < $1.value.usedAt }
        for (reference, _) in old.prefix(entries.count - capacity) { entries[reference] = nil }
    }
}
