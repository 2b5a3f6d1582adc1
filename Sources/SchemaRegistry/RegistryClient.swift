import HTTPClient
import JSON
import Threading

/// Asks a schema registry that speaks Confluent's protocol for schemas. An actor on a thread of its own, because
/// libcurl blocks.
///
/// It keeps the connection, and answers only until the schema is whole that they are for: what an id means never
/// changes, so its user keeps the schemas.
public actor RegistryClient {
    private let thread: DedicatedThread
    private let settings: RegistrySettings
    private let patience: Duration
    private let clock: Clock
    private var fetch: HTTPFetch?
    /// Answers for a schema that is not whole yet, by path.
    private var answered: [String: RegistryAnswer] = [:]

    /// Schemas that one schema may name, directly or not.
    private static let maximumReferences = 256
    /// Bytes of a schema and all that it names.
    private static let maximumBytes = 4 << 20

    /// The client's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Connects when first asked.
    ///
    /// - Parameters:
    ///   - settings: where the registry is.
    ///   - patience: after which time a call asks for nothing more, and throws an error of the kind `.unavailable`. A
    ///     schema may name hundreds of others; the next call goes on where this one ended.
    ///   - clock: measures the time.
    public init(_ settings: RegistrySettings, patience: Duration = .seconds(10), clock: Clock = .system) {
        self.settings = settings
        (self.patience, self.clock) = (patience, clock)
        thread = DedicatedThread(name: "schema registry")
    }

    /// The schema with this number, and those that it names.
    public func schema(id: UInt64) throws(RegistryError) -> RegisteredSchema {
        try schema(at: "/schemas/ids/\(id)", named: "schema \(id)")
    }

    /// The schema with this GUID, and those that it names.
    public func schema(guid: String) throws(RegistryError) -> RegisteredSchema {
        try schema(at: "/schemas/guids/\(HTTPFetch.escaped(guid))", named: "schema \(guid)")
    }

    /// Asks for a schema that need not exist: whether it does or not, the registry works.
    public func probe() throws(RegistryError) {
        do throws(RegistryError) { _ = try answer(to: "/schemas/ids/1", named: "schema 1") } catch {
            guard error.kind == .unknown else { throw error }
        }
    }

    /// Closes the connection; the next question opens another.
    public func close() { fetch = nil }

    // MARK: - Schemas

    private func schema(at path: String, named name: String) throws(RegistryError) -> RegisteredSchema {
        do throws(RegistryError) {
            let schema = try whole(at: path, named: name)
            answered = [:]
            return schema
        } catch {
            if error.kind != .unavailable { answered = [:] }
            throw error
        }
    }

    private func whole(at path: String, named name: String) throws(RegistryError) -> RegisteredSchema {
        var walk = References(deadline: clock.now() + patience)
        let answer = try known(path, of: name, &walk)
        try gather(answer.references, of: name, into: &walk)
        guard walk.bytes + answer.text.utf8.count <= Self.maximumBytes else { throw Self.tooLarge(name) }
        return RegisteredSchema(kind: answer.kind, text: answer.text, references: walk.texts)
    }

    /// What was gathered on the way through the schemas that a schema names.
    private struct References {
        let deadline: Duration
        /// Whether the registry was asked in this call: each call gets a little further, however slow the answers are.
        var hasAsked = false
        var seen: Set<RegistryAnswer.Reference> = []
        var texts: [String] = []
        var bytes = 0
    }

    /// An answer of this call or of an earlier one that ran out of time.
    private func known(
        _ path: String, of name: String, _ walk: inout References
    ) throws(RegistryError) -> RegistryAnswer {
        if let answer = answered[path] { return answer }
        guard !walk.hasAsked || clock.now() < walk.deadline else {
            throw RegistryError(
                .unavailable,
                "schema registry: still asking for what \(name) names (answers so far: \(answered.count))")
        }
        walk.hasAsked = true
        let answer = try answer(to: path, named: name)
        answered[path] = answer
        return answer
    }

    /// A schema comes after those that it names. One that names itself in a circle is seen once.
    private func gather(
        _ references: [RegistryAnswer.Reference], of name: String, into walk: inout References
    ) throws(RegistryError) {
        for reference in references where walk.seen.insert(reference).inserted {
            guard walk.seen.count <= Self.maximumReferences else {
                throw RegistryError(.unusable, "\(name) names more than \(Self.maximumReferences) other schemas")
            }
            let path = "/subjects/\(HTTPFetch.escaped(reference.subject))/versions/\(reference.version)"
            let answer: RegistryAnswer
            do throws(RegistryError) { answer = try known(path, of: name, &walk) } catch {
                guard error.kind == .unknown else { throw error }
                let subject = "\(reference.subject.prefix(100)), version \(reference.version)"
                throw RegistryError(.unusable, "\(name) names \(subject), which the schema registry does not have")
            }
            try gather(answer.references, of: name, into: &walk)
            walk.texts.append(answer.text)
            walk.bytes += answer.text.utf8.count
            guard walk.bytes <= Self.maximumBytes else { throw Self.tooLarge(name) }
        }
    }

    private static func tooLarge(_ name: String) -> RegistryError {
        RegistryError(.unusable, "\(name) and the schemas that it names have more than \(maximumBytes) bytes")
    }

    // MARK: - Questions

    private static let unusableSettings = RegistryError(
        .invalid, "schema registry: libcurl does not take the settings")

    private func answer(to path: String, named name: String) throws(RegistryError) -> RegistryAnswer {
        let fetch = try connection()
        let response: HTTPFetch.Response
        do throws(HTTPFetch.Failure) { response = try fetch.get(settings.url + path) } catch {
            switch error {
            case .tooLarge(let limit):
                throw RegistryError(
                    .unusable, "the schema registry's answer for \(name) has more than \(limit) bytes")
            case .unusable: throw Self.unusableSettings
            case .failed(let reason, _):
                // A broken connection is not used again.
                self.fetch = nil
                throw RegistryError(.unavailable, "schema registry: \(reason)")
            }
        }
        return try RegistryAnswer(response, named: name)
    }

    private func connection() throws(RegistryError) -> HTTPFetch {
        if let fetch { return fetch }
        do throws(HTTPFetch.Failure) {
            let fetch = try HTTPFetch(settings.connection)
            self.fetch = fetch
            return fetch
        } catch {
            throw Self.unusableSettings
        }
    }
}
