import HTTPClient
import JSON

/// What a registry answered to one question.
struct RegistryAnswer {
    /// A schema that another one names.
    struct Reference: Hashable {
        let subject: String
        let version: Int
    }

    let kind: RegisteredSchema.Kind
    let text: String
    let references: [Reference]

    /// - Parameter name: what was asked for, as errors call it.
    init(_ response: HTTPFetch.Response, named name: String) throws(RegistryError) {
        let body = try? JSONParser.parse(response.body)
        guard response.status == 200 else { throw Self.failure(response.status, body, named: name) }
        guard let body, case .string(let text)? = body["schema"] else {
            throw RegistryError(.unusable, "the schema registry's answer for \(name) is not a schema in JSON")
        }
        self.text = text
        kind = try Self.kind(body["schemaType"], named: name)
        references = try Self.references(body["references"], named: name)
    }

    private static func kind(_ value: JSONValue?, named name: String) throws(RegistryError) -> RegisteredSchema.Kind {
        switch value {
        case nil, .null?, .string("AVRO")?: return .avro
        case .string("JSON")?: return .json
        case .string("PROTOBUF")?: return .protobuf
        default: throw RegistryError(.unusable, "\(name) is neither Avro nor JSON Schema")
        }
    }

    private static func references(
        _ value: JSONValue?, named name: String
    ) throws(RegistryError) -> [Reference] {
        guard let value, !value.isNull else { return [] }
        guard case .array(let entries) = value else {
            throw RegistryError(.unusable, "the schema registry's answer for \(name) has references of no use")
        }
        var references: [Reference] = []
        for entry in entries {
            guard case .string(let subject)? = entry["subject"], case .number(let number)? = entry["version"],
                let version = Int32(exactly: number)
            else { throw RegistryError(.unusable, "the schema registry's answer for \(name) has references of no use") }
            references.append(Reference(subject: subject, version: Int(version)))
        }
        return references
    }

    /// What a status other than 200 means. Only a registry's own error says that a schema does not exist: any server
    /// answers 404 to what it does not know.
    private static func failure(_ status: Int, _ body: JSONValue?, named name: String) -> RegistryError {
        var code: Double?
        if case .number(let number)? = body?["error_code"] { code = number }
        switch (status, code) {
        case (404, 40_401?), (404, 40_402?), (404, 40_403?):
            return RegistryError(.unknown, "the schema registry has no \(name)")
        case (401, _), (403, _):
            return RegistryError(
                .refused,
                "the schema registry refuses this user or password (status \(status)): "
                    + "check source.schema_registry.username and password")
        case (404, _):
            return RegistryError(
                .unavailable,
                "the schema registry answers as no schema registry does (status 404): check source.schema_registry.url")
        case (300..<400, _):
            return RegistryError(
                .unavailable,
                "the schema registry answers with a redirection (status \(status)): "
                    + "set source.schema_registry.url to where it leads")
        default:
            return RegistryError(.unavailable, "the schema registry answers with status \(status)")
        }
    }
}
