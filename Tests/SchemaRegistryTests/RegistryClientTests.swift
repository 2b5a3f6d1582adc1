import TestSupport
import Testing

@testable import SchemaRegistry

/// The client over real HTTP.
@Suite(.timeLimit(.minutes(2))) struct RegistryClientTests {
    private func client(_ server: RegistryServer, _ adjust: (inout RegistrySettings) -> Void = { _ in })
        -> RegistryClient
    {
        var settings = RegistrySettings(url: server.url)
        adjust(&settings)
        return RegistryClient(settings)
    }

    private func failure(_ client: RegistryClient, id: UInt64 = 7) async -> RegistryError? {
        do throws(RegistryError) {
            _ = try await client.schema(id: id)
            return nil
        } catch {
            return error
        }
    }

    @Test func schemasOfEveryKindAreRead() async throws {
        let server = try RegistryServer()
        server.register(1, schema: #""string""#)
        server.register(2, schema: "{}", type: "JSON")
        server.register(3, schema: "syntax = \"proto3\";", type: "PROTOBUF")
        server.set("/schemas/guids/00010203-0405-0607-0809-0a0b0c0d0e0f", #"{"schema":"\"int\"","schemaType":"AVRO"}"#)
        let client = client(server)
        #expect(try await client.schema(id: 1) == RegisteredSchema(kind: .avro, text: #""string""#))
        #expect(try await client.schema(id: 2) == RegisteredSchema(kind: .json, text: "{}"))
        #expect(try await client.schema(id: 3).kind == .protobuf)
        let guid = "00010203-0405-0607-0809-0a0b0c0d0e0f"
        #expect(try await client.schema(guid: guid) == RegisteredSchema(kind: .avro, text: #""int""#))
        #expect(server.state.value.requests.first == "/schemas/ids/1")
        #expect(server.state.value.authorizations.allSatisfy { $0 == nil })
        await client.close()
    }

    @Test func referencesComeBeforeWhatNamesThem() async throws {
        let server = try RegistryServer()
        server.register(1, schema: "\"order\"", references: [("customer", 2), ("address", 1)])
        server.register(subject: "customer", version: 2, schema: "\"customer\"", references: [("address", 1)])
        server.register(subject: "address", version: 1, schema: "\"address\"", references: [("customer", 2)])
        let schema = try await client(server).schema(id: 1)
        // They name each other in a circle: each is asked for once.
        #expect(schema.references == ["\"address\"", "\"customer\""])
        #expect(server.state.value.requests.count == 3)
    }

    /// A registry that answers slowly: whoever asks sees to its group between the calls, and each gets further.
    @Test func aCallThatTakesTooLongIsContinuedByTheNext() async throws {
        let server = try RegistryServer()
        server.register(1, schema: "\"order\"", references: [("customer", 2), ("address", 1)])
        server.register(subject: "customer", version: 2, schema: "\"customer\"", references: [("country", 1)])
        server.register(subject: "country", version: 1, schema: "\"country\"")
        server.register(subject: "address", version: 1, schema: "\"address\"")
        let client = RegistryClient(RegistrySettings(url: server.url), patience: .zero)
        for answers in 1...3 {
            let error = await #expect(throws: RegistryError.self) { try await client.schema(id: 1) }
            #expect(error?.kind == .unavailable)
            #expect(error?.reason.contains("what schema 1 names (answers so far: \(answers))") == true, "\(error)")
        }
        #expect(try await client.schema(id: 1).references == ["\"country\"", "\"customer\"", "\"address\""])
        #expect(server.state.value.requests.count == 4)
        await client.close()
    }

    @Test func aSubjectIsEscapedInThePath() async throws {
        let server = try RegistryServer()
        server.register(1, schema: "\"a\"", references: [("shop/x y-value", 1)])
        server.register(subject: "shop/x y-value", version: 1, schema: "\"b\"")
        #expect(try await client(server).schema(id: 1).references == ["\"b\""])
    }

    @Test func anUnknownIdIsNamed() async throws {
        let server = try RegistryServer()
        let error = await failure(client(server))
        #expect(error == RegistryError(.unknown, "the schema registry has no schema 7"))
        server.register(7, schema: "\"a\"", references: [("gone", 3)])
        let missing = await failure(client(server))
        #expect(
            missing
                == RegistryError(.unusable, "schema 7 names gone, version 3, which the schema registry does not have"))
    }

    @Test(arguments: [
        ("<html>Welcome</html>", "the schema registry's answer for schema 7 is not a schema in JSON"),
        ("", "is not a schema in JSON"), ("[]", "is not a schema in JSON"),
        (#"{"schema":7}"#, "is not a schema in JSON"),
        (#"{"schema":"x","schemaType":"COBOL"}"#, "schema 7 is neither Avro nor JSON Schema"),
        (#"{"schema":"x","references":7}"#, "references of no use"),
        (#"{"schema":"x","references":[{"subject":"a","version":1e99}]}"#, "references of no use"),
        (
            String(repeating: "x", count: 10 << 20),
            "the schema registry's answer for schema 7 has more than 1048576 bytes"
        ),
    ])
    func nonsenseIsUnusable(body: String, words: String) async throws {
        let server = try RegistryServer()
        server.set("/schemas/ids/7", body)
        let client = client(server)
        let error = await failure(client)
        #expect(error?.kind == .unusable && error?.reason.contains(words) == true, "\(String(describing: error))")
        // The next question is answered.
        server.register(8, schema: "\"int\"")
        #expect(try await client.schema(id: 8).text == "\"int\"")
    }

    @Test func tooManyReferencesAreUnusable() async throws {
        let server = try RegistryServer()
        server.register(7, schema: "\"a\"", references: [("s", 0)])
        for version in 0..<300 {
            server.register(subject: "s", version: version, schema: "\"b\"", references: [("s", version + 1)])
        }
        #expect(await failure(client(server))?.reason == "schema 7 names more than 256 other schemas")
    }

    /// Each answer is within its own limit.
    @Test(arguments: [(5, 10, false), (4, 300_000, false), (4, 10, true)])
    func aSchemaAndItsReferencesHaveALimitTogether(references: Int, own: Int, fits: Bool) async throws {
        let server = try RegistryServer()
        let text = "\"" + String(repeating: "r", count: 1_000_000) + "\""
        for version in 0..<references { server.register(subject: "s", version: version, schema: text) }
        server.register(
            7, schema: "\"" + String(repeating: "o", count: own) + "\"",
            references: (0..<references).map { ("s", $0) })
        let error = await failure(client(server))
        if fits {
            #expect(error == nil)
        } else {
            #expect(error?.kind == .unusable)
            #expect(error?.reason == "schema 7 and the schemas that it names have more than 4194304 bytes")
        }
    }

    @Test(
        arguments: [
            (500, "", RegistryError.Kind.unavailable, "answers with status 500"),
            (503, "<html>", .unavailable, "answers with status 503"),
            (429, "{}", .unavailable, "answers with status 429"),
            (404, "not found", .unavailable, "check source.schema_registry.url"),
            (301, "", .unavailable, "a redirection (status 301)"),
            (401, "{}", .refused, "refuses this user or password"),
            (403, "", .refused, "refuses this user or password"),
        ] as [(UInt32, String, RegistryError.Kind, String)])
    func otherStatusesAreNoWordAboutTheSchema(
        status: UInt32, body: String, kind: RegistryError.Kind, words: String
    ) async throws {
        let server = try RegistryServer()
        server.state.update { $0.outage = RegistryServer.Answer(status: status, body: body) }
        let client = client(server) { ($0.username, $0.password) = ("reader", "hunter2") }
        let error = await failure(client)
        #expect(error?.kind == kind && error?.reason.contains(words) == true, "\(String(describing: error))")
        #expect(error?.reason.contains("hunter2") == false && error?.reason.contains("reader") == false)
        await #expect(throws: RegistryError.self) { try await client.probe() }
    }

    @Test func noServerIsUnavailable() async throws {
        let client = RegistryClient(RegistrySettings(url: "http://127.0.0.1:1", username: "u", password: "hunter2"))
        let error = await failure(client)
        #expect(error?.kind == .unavailable && error?.reason.contains("hunter2") == false)
    }

    @Test func credentialsGoIntoTheRequestAndNowhereElse() async throws {
        let server = try RegistryServer()
        server.register(1, schema: "\"int\"")
        var settings = RegistrySettings(url: server.url, username: "reader", password: "hunter2")
        settings.timeout = .seconds(2)
        try await RegistryClient(settings).probe()
        // reader:hunter2
        #expect(server.state.value.authorizations == ["Basic cmVhZGVyOmh1bnRlcjI="])
        #expect(!"\(settings)".contains("hunter2") && !String(reflecting: settings).contains("hunter2"))
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }

    @Test func certificatesAreChecked() async throws {
        let folder = try TemporaryFolder()
        let server = try TLSServer(folder: folder.path)
        defer { server.stop() }
        let url = "https://\(server.address)"
        let stranger = await failure(RegistryClient(RegistrySettings(url: url)))
        #expect(stranger?.kind == .unavailable && stranger?.reason.contains("certificate") == true)
        let other = await failure(RegistryClient(RegistrySettings(url: url, certificates: server.otherCertificate)))
        #expect(other?.kind == .unavailable)
        // The server speaks TLS with those who trust it, and its page is no schema.
        let own = await failure(
            RegistryClient(RegistrySettings(url: url, certificates: folder.path + "/server.crt")))
        #expect(own?.kind == .unusable, "\(String(describing: own))")
    }
}
