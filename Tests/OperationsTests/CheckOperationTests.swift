import BERT
import Connectors
import DaemonFixtures
import Drift
import Foundation
import TestSupport
import Testing

@testable import Operations
@testable import Pipelines

/// `check` says what `run` would meet: with properties, brokers, topics, the group and the database's role.
@Suite(.timeLimit(.minutes(5))) struct CheckOperationTests {
    /// A pipeline whose database is unavailable; no server is needed.
    private func folder(
        brokers: String = "127.0.0.1:1", topics: String = "[texts]", properties: String = "{}",
        output: String = "", rejected: String = "", dtype: String = "float32"
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try TestBase.write(to: folder.path + "/base")
        try TestBase.shared.get().adapter(labels: ["calm", "loud"]).write(to: folder.path + "/first")
        try folder.write(
            "p.yaml",
            """
            name: noise
            base: base
            source:
              kafka:
                brokers: "\(brokers)"
                topics: \(topics)
                group: readers
                properties: \(properties)
            tasks: { noise: { labels: [calm, loud], adapter: first } }
            batch: { max_tokens: 32 }
            sink: { postgres: "host=\(folder.path)"\(output) }
            \(rejected)
            dtype: \(dtype)
            """)
        return folder
    }

    private func findings(
        _ folder: TemporaryFolder, online: Bool = false, variables: [String: String] = [:]
    ) async -> [CheckReport.Finding] {
        let environment = PipelineEnvironment(variables: variables, workingDirectory: folder.path)
        let options = CheckOperation.Options(database: false, broker: online, environment: environment)
        return await CheckOperation.run(files: ["p.yaml"], options: options).findings
    }

    @Test func checkReadsEverythingAndChangesNothing() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            _ = try fixture.writePipeline()
            let options = CheckOperation.Options(environment: fixture.environment)
            let report = await CheckOperation.run(files: ["p.yaml"], options: options)
            #expect(report.status == .done, "\(report.findings)")
            #expect(report.findings.allSatisfy { $0.severity == .fine }, "\(report.findings)")
            let looked = ["sink.postgres", "source.kafka.brokers", "source.kafka.group", "source.kafka.topics"]
            #expect(looked.allSatisfy { key in report.findings.contains { $0.key == key } }, "\(report.findings)")
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.adapters") == 0)

            let adapterless = try fixture.writePipeline(task: "{ labels: [calm, loud] }")
            let without = await CheckOperation.run(files: [adapterless], options: options)
            #expect(without.status == .configuration)
            #expect(without.findings.contains { $0.severity == .error && $0.key == "tasks.noise" && $0.line == 10 })

            let store = PostgresAdapterStore(fixture.settings)
            _ = try await store.ensureLive(task: "noise", first: try fixture.model.adapter(labels: ["calm", "quiet"]))
            await store.close()
            let differing = await CheckOperation.run(files: [adapterless], options: options)
            #expect(
                differing.findings.contains {
                    $0.severity == .error && $0.message.hasPrefix("labels differ: the adapter lacks loud")
                })

            try fixture.broker.setDown()
            _ = try fixture.writePipeline(extra: "batchs: 1")
            let bad = await CheckOperation.run(files: ["p.yaml"], options: options)
            #expect(bad.findings.map(\.description) == ["p.yaml:13: batchs: unknown key (did you mean batch?)"])
        }
    }

    @Test(arguments: [
        ("float32", "; dtype float32, kernels "), ("int8", "; dtype int8, kernels "),
        (
            "auto",
            "; dtype float32 (not measured: run, retrain, relabel, replay, label and rejected retry do), kernels "
        ),
    ])
    func theTypeOfTheBaseIsSaid(dtype: String, words: String) async throws {
        let found = await findings(try folder(dtype: dtype))
        let line = try #require(found.first { $0.message.hasPrefix("base ") }?.message)
        #expect(line.contains(words), "\(line)")
        #expect(line.contains(", int8 ") == (dtype == "int8"), "\(line)")
    }

    /// The other tasks are checked all the same. The weights are not read: that is what serving does.
    @Test func aDamagedAdapterDoesNotEndTheChecks() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline(
                task: "{ labels: [calm, loud], adapter: first }\n  size: { labels: [small, large] }")
            let store = PostgresAdapterStore(fixture.settings)
            for (task, labels) in [("noise", ["calm", "loud"]), ("size", ["small", "huge"])] {
                _ = try await store.ensureLive(task: task, first: try fixture.model.adapter(labels: labels))
            }
            await store.close()
            try fixture.execute("UPDATE lorikeet.adapters SET manifest = '{}' WHERE task = 'noise'")
            let options = CheckOperation.Options(broker: false, environment: fixture.environment)
            let report = await CheckOperation.run(files: [file], options: options)
            let errors = report.findings.filter { $0.severity == .error }
            #expect(
                errors.contains { $0.key == "tasks.noise" && $0.message.contains("is damaged") }, "\(report.findings)")
            #expect(
                errors.contains { $0.key == "tasks.size.labels" && $0.message.contains("the adapter lacks large") },
                "\(report.findings)")
        }
    }

    /// A drift reference that says what distances are usual, of this many texts.
    private func reference(of adapter: Adapter, texts: Int) -> DriftReference {
        var profile = TextProfile(labels: 2)
        for index in 0..<texts {
            profile.add(
                TextObservation(
                    label: index % 2, confidence: 0.8, abstained: nil, tokens: 9, unknownTokens: 0, distance: 0.1,
                    expectedAccuracy: 0.8))
        }
        let nearest = (0..<texts).map { ReferenceCentres.Nearest(label: $0 % 2, distance: 0.1 + Float($0) / 10_000) }
        return DriftReference(
            adapterDigest: adapter.digest, source: .heldOut, profile: profile,
            centres: ReferenceCentres.Sums(labels: 2, hidden: 8).centres,
            spread: DistanceSpread(nearest, labels: 2))
    }

    @Test func windowsThatTheAdapterWasNotTrainedOnAreSaid() async throws {
        try await DaemonFixture.with { fixture in
            let adapter = try fixture.writeAdapter("first")
            let offline = CheckOperation.Options(database: false, broker: false, environment: fixture.environment)
            func check(_ task: String) async throws -> CheckReport {
                _ = try fixture.writePipeline(task: task)
                return await CheckOperation.run(files: ["p.yaml"], options: offline)
            }
            let windows = "{ labels: [calm, loud], adapter: first, long_texts: { window: 32 } }"
            let doubtful = try await check(windows)
            #expect(
                warnings(doubtful).contains {
                    $0.hasPrefix("tasks.noise.long_texts: the adapter was trained on texts that were cut")
                }, "\(doubtful.findings)")
            let trained = try adapter.with { $0.longTexts = LongTexts(window: 32) }
            try trained.write(to: fixture.folder.path + "/first")
            let fitting = try await check(windows)
            #expect(warnings(fitting).allSatisfy { !$0.contains("long_texts") }, "\(fitting.findings)")
            let large = try await check("{ labels: [calm, loud], adapter: first, long_texts: { } }")
            #expect(
                large.findings.contains {
                    $0.severity == .error && $0.key == "tasks.noise.long_texts.window"
                        && $0.message == "is 256, but the base has only 64 positions"
                }, "\(large.findings)")
        }
    }

    @Test func noneOfTheseWithoutEffectIsSaid() async throws {
        try await DaemonFixture.with { fixture in
            let adapter = try fixture.writeAdapter("first")
            _ = try fixture.writePipeline(
                task: "{ labels: [calm, loud], adapter: first, none_of_these: { false_alarms: 0.002 } }")
            let offline = CheckOperation.Options(database: false, broker: false, environment: fixture.environment)
            let without = await CheckOperation.run(files: ["p.yaml"], options: offline)
            #expect(
                warnings(without).contains {
                    $0.hasPrefix("tasks.noise.none_of_these: the adapter has no drift reference")
                }, "\(without.findings)")

            func write(texts: Int) throws {
                let json = String(decoding: reference(of: adapter, texts: texts).json, as: UTF8.self)
                try fixture.folder.write("first/drift_reference.json", json)
            }
            try write(texts: 400)
            let few = await CheckOperation.run(files: ["p.yaml"], options: offline)
            #expect(warnings(few).contains { $0.contains("400 texts, too few for a share of 0.002") })
            try write(texts: 499)
            let enough = await CheckOperation.run(files: ["p.yaml"], options: offline)
            #expect(warnings(enough).allSatisfy { !$0.contains("none_of_these") }, "\(enough.findings)")

            // The live adapter counts besides.
            let store = PostgresAdapterStore(fixture.settings)
            _ = try await store.ensureLive(task: "noise", first: adapter)
            let online = CheckOperation.Options(broker: false, environment: fixture.environment)
            let live = await CheckOperation.run(files: ["p.yaml"], options: online)
            #expect(
                warnings(live).contains { $0.hasSuffix("validation rows (live adapter, version 1)") },
                "\(live.findings)")
            try await store.store(reference(of: adapter, texts: 499))
            await store.close()
            let both = await CheckOperation.run(files: ["p.yaml"], options: online)
            #expect(warnings(both).allSatisfy { !$0.contains("none_of_these") }, "\(both.findings)")
        }
    }

    // MARK: - Labels and rows

    private func warnings(_ report: CheckReport) -> [String] {
        report.findings.filter { $0.severity == .warning }.map { "\($0.key ?? ""): \($0.message)" }
    }

    @Test func labelsThatWaitForRowsAreNamedWithTheirCounts() async throws {
        try await DaemonFixture.with { fixture in
            let store = PostgresAdapterStore(fixture.settings)
            _ = try await store.ensureLive(task: "noise", first: try fixture.model.adapter(labels: ["calm", "old"]))
            await store.close()
            let task = "{ labels: [calm, loud, new], rename: { old: loud } }"
            let options = CheckOperation.Options(environment: fixture.environment)
            let waits =
                "the live adapter labels until one with these labels is promoted: it does not give new; "
                + "it still gives old; waiting for rows: new"

            _ = try fixture.writePipeline(task: task)
            let without = await CheckOperation.run(files: ["p.yaml"], options: options)
            #expect(without.status == .done, "\(without.findings)")
            #expect(warnings(without) == ["tasks.noise.labels: \(waits)"])

            try fixture.execute(
                """
                INSERT INTO lorikeet.annotations (task, text, label)
                VALUES ('noise', 'a', 'new'), ('noise', 'b', ' new'), ('noise', 'c', 'New'), ('noise', 'd', 'old')
                """)
            _ = try fixture.writePipeline(task: task, extra: "retrain: { every: 6h }")
            let report = await CheckOperation.run(files: ["p.yaml"], options: options)
            #expect(report.status == .done, "\(report.findings)")
            #expect(
                warnings(report) == [
                    "tasks.noise: 1 of 4 rows unusable: 1 with a label that the task does not have "
                        + "(\"New\": 1, the task has \"new\")",
                    "tasks.noise.labels: \(waits) (labelled rows: 2)",
                ])
        }
    }

    @Test func theQueryOfLabelledRowsIsPlannedAndNotRun() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let options = CheckOperation.Options(environment: fixture.environment)
            func findings(
                _ query: String, task: String = "{ labels: [calm, loud], adapter: first }"
            ) async throws -> [CheckReport.Finding] {
                _ = try fixture.writePipeline(task: task, extra: "retrain: { query: \"\(query)\" }")
                let report = await CheckOperation.run(files: ["p.yaml"], options: options)
                return report.findings.filter { $0.key == "retrain.query" }
            }
            let fine = try await findings(
                "SELECT text, label, created_at AS time FROM lorikeet.annotations WHERE task = $1")
            #expect(fine.map(\.severity) == [.fine] && fine.first?.line == 13, "\(fine)")
            let own = try await findings("SELECT text, label, labelled_at AS time FROM lorikeet.labels")
            #expect(own.map(\.severity) == [.warning, .fine], "\(own)")
            #expect(own.first?.message.hasPrefix("reads lorikeet.labels: its texts are in the view") == true)
            let view = try await findings("SELECT text, label, labelled_at AS time FROM lorikeet.labelled_texts")
            #expect(view.map(\.severity) == [.warning, .fine], "\(view)")
            #expect(view.first?.message.hasPrefix("reads lorikeet.labels: its texts are fine") == true)
            // What it reads may depend on the task.
            let ofOther = """
                SELECT text, label, created_at AS time FROM lorikeet.annotations WHERE task = $1 UNION ALL \
                SELECT text, label, labelled_at FROM lorikeet.labels WHERE task = $1 AND $1 = 'other'
                """
            let first = "{ labels: [calm, loud], adapter: first }"
            let other = try await findings(ofOther, task: "\(first)\n  other: \(first)")
            #expect(other.map(\.severity) == [.warning, .fine], "\(other)")
            let lacking = try await findings("SELECT text, label FROM lorikeet.annotations")
            #expect(lacking.map(\.severity) == [.error], "\(lacking)")
            #expect(lacking.first?.message == "no column time; the columns are label, text")
            let gone = try await findings("SELECT text, label, at AS time FROM nowhere")
            #expect(gone.first?.severity == .error && gone.first?.message.contains("nowhere") == true, "\(gone)")
        }
    }

    @Test func unavailableServersAreWarnings() async throws {
        let folder = try TemporaryFolder()
        try TestBase.write(to: folder.path + "/base")
        try TestBase.shared.get().adapter(labels: ["a", "b"]).write(to: folder.path + "/first")
        try folder.write(
            "p.yaml",
            """
            name: p
            base: base
            source: { kafka: { brokers: "127.0.0.1:1", topics: [t], group: g } }
            tasks: { kind: { labels: [a, b], adapter: first }, idle: { labels: [a, b], adapter: first } }
            routes: [{ tasks: [kind] }]
            batch: { max_tokens: 64 }
            sink: { postgres: "host=\(folder.path) user=nobody password=hunter2" }
            """)
        let environment = PipelineEnvironment(variables: [:], workingDirectory: folder.path)
        let report = await CheckOperation.run(files: ["p.yaml"], options: .init(environment: environment))
        #expect(report.status == .done)
        let warnings = report.findings.filter { $0.severity == .warning }.map(\.description)
        #expect(warnings.count == 3, "\(warnings)")
        #expect(warnings.contains("p.yaml:4: tasks.idle: no route leads to this task"))
        #expect(
            warnings.contains {
                $0.hasPrefix("p.yaml:7: sink.postgres: ") && $0.hasSuffix("; lorikeet run would retry")
            })
        let broker = warnings.first { $0.hasPrefix("p.yaml:3: source.kafka.brokers: 127.0.0.1:1: ") }
        #expect(broker?.contains("Connection refused") == true, "\(warnings)")
        #expect(broker?.hasSuffix("; lorikeet run would retry") == true, "\(warnings)")
        #expect(!warnings.joined().contains("hunter2"))
    }

    // MARK: - Properties

    /// `run` ends with 78 and the very words of `check`, before it loads or connects to anything.
    @Test(arguments: [
        (
            "{ session.timeout: 45000 }",
            "properties.session.timeout: is not a property of librdkafka: use session.timeout.ms"
        ),
        (
            "{ sesion.timeout.ms: 1 }",
            "properties.sesion.timeout.ms: is not a property of librdkafka (did you mean session.timeout.ms?)"
        ),
        (
            "{ sasl.jaas.config: hunter2 }",
            "properties.sasl.jaas.config: is not a property of librdkafka: use sasl.mechanism"
        ),
        (
            "{ auto.offset.reset: earlyest }",
            "properties.auto.offset.reset: does not take this value; it takes smallest, earliest"
        ),
        (
            "{ auto.offset.reset: error }",
            "properties.auto.offset.reset: does not take this value: the consumer would stop reading"
        ),
        (
            "{ session.timeout.ms: 45_000 }",
            "properties.session.timeout.ms: does not take this value; it takes 1 to 3600000, in decimal digits only"
        ),
        ("{ topic.blacklist: x }", "properties.topic.blacklist: hides topics from the consumer: leave it out"),
        (
            "{ security.protocol: sasl_ssl, sasl.mechanism: OAUTHBEARER }",
            "properties.sasl.mechanism: is OAUTHBEARER, which needs sasl.oauthbearer.method: oidc or"
        ),
        ("{ max.poll.records: 500 }", "properties.max.poll.records: is not a property of librdkafka: leave it out"),
        (
            "{ session.timeout.ms: 400000 }",
            "properties.session.timeout.ms: is not accepted: `max.poll.interval.ms` must be"
        ),
        (
            "{ partition.assignment.strategy: org.x.RangeAssignor }",
            "properties.partition.assignment.strategy: is not accepted"
        ),
        ("{ security.protocol: ssl, ssl.ca.location: /none }", "properties.ssl.ca.location: is not accepted"),
        (
            "{ security.protocol: ssl, ssl.certificate.location: /c }",
            "properties.ssl.certificate.location: needs ssl.key.location"
        ),
        ("{ security.protocol: ssl, ssl.key.pem: hunter2 }", "properties.ssl.key.pem: needs ssl.certificate.location"),
        (
            "{ security.protocol: sasl_ssl, sasl.mechanism: FOO }",
            "properties: cannot be combined: Unsupported SASL mechanism"
        ),
    ])
    func propertiesThatRunCannotUseAreErrorsOffline(_ properties: String, _ words: String) async throws {
        let folder = try folder(properties: properties)
        let errors = await findings(folder).filter { $0.severity == .error }
        #expect(errors.count == 1, "\(errors)")
        let line = "p.yaml:8: source.kafka.\(words)"
        #expect(errors.first?.description.hasPrefix(line) == true, "\(errors)")
        #expect(!"\(errors)".contains("hunter2"))

        let environment = PipelineEnvironment(variables: [:], workingDirectory: folder.path)
        let configuration = try DaemonConfiguration.read(files: ["p.yaml"], environment: environment)
        let refusal = #expect(throws: ConfigurationError.self) { try configuration.requireUsableSources() }
        #expect(refusal?.description == errors.first?.description)
    }

    /// A client's certificate with a key that is not its own, that is not there, or that nobody can decrypt.
    @Test(arguments: [
        ("first.crt", "second.key", "the key does not belong to the certificate ("),
        ("first.crt", "nothing.key", "there is no such file ("),
        ("first.crt", "first.crt", "the file holds no private key in PEM ("),
        ("first.key", "first.key", "there is no certificate in PEM ("),
        ("first.crt", "first.key.encrypted", "the key is encrypted, and ssl.key.password is not set ("),
        (
            "first.crt", "first.key.encrypted, ssl.key.password: hunter2",
            "ssl.key.password does not decrypt the key"
        ),
        (
            "first.crt", "first.crt, ssl.key.password: hunter2",
            "ssl.key.password does not decrypt the key, or the file holds no private key in PEM ("
        ), (nil, "first.key.p12", "ssl.keystore.password is not set ("),
        (nil, "first.key.p12, ssl.keystore.password: hunter2", "ssl.keystore.password does not open the file ("),
    ])
    func clientCertificatesThatRunCannotUseAreErrorsOffline(_ certificate: String?, _ key: String, _ words: String)
        async throws
    {
        let files = try TemporaryFolder()
        for name in ["first", "second"] {
            let made = try Certificate.make(in: files.path, name: name, address: "127.0.0.1")
            _ = try made.encryptedKey(password: "right")
            _ = try made.keystore(password: "right")
        }
        let names =
            certificate.map { "ssl.certificate.location: \(files.path)/\($0), ssl.key.location" }
            ?? "ssl.keystore.location"
        let folder = try folder(properties: "{ security.protocol: ssl, \(names): \(files.path)/\(key) }")
        let errors = await findings(folder).filter { $0.severity == .error }
        #expect(errors.count == 1, "\(errors)")
        #expect(errors.first?.message.hasPrefix("is not accepted: \(words)") == true, "\(errors)")
        #expect(!"\(errors)".contains("hunter2"))
        let environment = PipelineEnvironment(variables: [:], workingDirectory: folder.path)
        let configuration = try DaemonConfiguration.read(files: ["p.yaml"], environment: environment)
        let refusal = #expect(throws: ConfigurationError.self) { try configuration.requireUsableSources() }
        #expect(refusal?.description == errors.first?.description)
    }

    /// Debian's librdkafka has no OIDC; one that has it takes the same pipeline file.
    @Test func bearersFromAProviderNeedALibrdkafkaThatHasThem() async throws {
        let oidc =
            "{ security.protocol: sasl_ssl, sasl.mechanism: OAUTHBEARER, sasl.oauthbearer.method: oidc, "
            + "sasl.oauthbearer.client.id: c, sasl.oauthbearer.client.secret: hunter2, "
            + "sasl.oauthbearer.token.endpoint.url: \"https://127.0.0.1:1/\" }"
        let errors = await findings(try folder(properties: oidc)).filter { $0.severity == .error }
        let method = errors.filter { $0.key == "source.kafka.properties.sasl.oauthbearer.method" }
        #expect(errors.isEmpty || method.first?.message.hasPrefix("is not built into this librdkafka: ") == true)
        #expect(!"\(errors)".contains("hunter2"))
    }

    @Test func valuesFromTheEnvironmentAreNotShown() async throws {
        let folder = try folder(properties: "{ auto.offset.reset: \"${WORD}\", isolation.level: \"${WORD}\" }")
        let errors = await findings(folder, variables: ["WORD": "hunter2"]).filter { $0.severity == .error }
        #expect(errors.count == 2)
        #expect(!"\(errors)".contains("hunter2"))
    }

    @Test func propertiesWithoutEffectAreWarnings() async throws {
        for (properties, words) in [
            ("{ linger.ms: 5 }", "producer property"),
            ("{ ssl.ca.location: /none }", "ssl.ca.location has no effect: security.protocol is plaintext"),
        ] {
            let found = await findings(try folder(properties: properties))
            #expect(found.filter { $0.severity != .fine }.map(\.severity) == [.warning], "\(found)")
            #expect(found.contains { $0.key == "source.kafka.properties" && $0.message.contains(words) })
        }
    }

    @Test(arguments: [",", "broker:http", "kafka://broker:9092"])
    func brokersThatNameNoneAreAnErrorOffline(_ brokers: String) async throws {
        let errors = await findings(try folder(brokers: brokers)).filter { $0.severity == .error }
        #expect(errors.map(\.key) == ["source.kafka.brokers"], "\(errors)")
    }

    // MARK: - Brokers, topics, the group

    @Test func aMissingTopicIsNamedWithItsNeighbour() async throws {
        try await withEmbeddedBroker(topics: ["json": 2]) { broker in
            let alone = await findings(try folder(brokers: broker.bootstrapServers, topics: "[jsonn]"), online: true)
            let words =
                "p.yaml:6: source.kafka.topics: there is no topic jsonn (did you mean json?); "
                + "lorikeet run would look for it every 10 s"
            #expect(alone.filter { $0.severity == .error }.map(\.description) == [words], "\(alone)")

            // One that is there is enough to label.
            let both = await findings(
                try folder(brokers: broker.bootstrapServers, topics: "[json, jsonn]"), online: true)
            #expect(both.filter { $0.severity != .fine }.map(\.severity) == [.warning], "\(both)")
            #expect(both.contains { $0.severity == .fine && $0.message == "json (2 partitions)" })
            let made = try folder(
                brokers: broker.bootstrapServers, topics: "[jsonn]", properties: "{ allow.auto.create.topics: true }")
            #expect(await findings(made, online: true).filter { $0.severity == .error }.isEmpty)
        }
    }

    // MARK: - What is published

    @Test func outputTopicsAreNamedWithTheirPartitions() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1, "labels": 3, "rejects": 1]) { broker in
            let folder = try folder(
                brokers: broker.bootstrapServers, output: ", kafka: { topic: labels }",
                rejected: "rejected: { kafka: { topic: rejects } }")
            let found = await findings(folder, online: true)
            #expect(found.allSatisfy { $0.severity == .fine }, "\(found)")
            #expect(found.contains { $0.key == "sink.kafka.topic" && $0.message == "labels (3 partitions)" })
            #expect(found.contains { $0.key == "rejected.kafka.topic" && $0.message == "rejects (1 partition)" })
        }
    }

    /// Nothing could be published, so it is an error. `check` makes no topic itself, also where a broker makes those
    /// that a client names: a second check finds the same.
    @Test func missingOutputTopicsAreErrorsAndStayMissing() async throws {
        func outputs(_ brokers: String) async throws -> [String] {
            let folder = try folder(
                brokers: brokers, output: ", kafka: { topic: labels }",
                rejected: "rejected: { kafka: { topic: rejects } }")
            return await findings(folder, online: true).filter { $0.key?.hasSuffix("kafka.topic") == true }
                .map { "\($0.severity) \($0.key ?? ""): \($0.message)" }
        }
        func missing(_ topic: String, _ key: String, hint: String) -> String {
            "error \(key).kafka.topic: there is no topic \(topic) (\(hint)): create it; meanwhile records wait in the "
                + "outbox"
        }
        let labels = missing("labels", "sink", hint: "did you mean label?")
        let rejects = missing("rejects", "rejected", hint: "known: label, texts")
        let large = 1_048_588
        let broker = try FakeTopicBroker(topics: ["texts": large, "label": large])
        defer { broker.stop() }
        let found = try await outputs(broker.bootstrapServers)
        #expect(found == [labels, rejects])
        try await withEmbeddedBroker(topics: ["texts": 1, "label": 1]) { broker in
            for _ in 0..<2 {
                let found = try await outputs(broker.bootstrapServers)
                #expect(found == [labels, rejects])
            }
            let producer = try broker.makeProducer()
            try producer.produce(topic: "labels", key: nil, payload: [1])
            try producer.flush(timeout: .seconds(20))
            let made = try await outputs(broker.bootstrapServers)
            #expect(made.first?.hasPrefix("fine sink.kafka.topic: labels (") == true)
            #expect(made.last == missing("rejects", "rejected", hint: "known: label, labels, texts"))
        }
    }

    /// A topic that takes smaller records than there will be, as far as the brokers say: what it refuses is not lost,
    /// so it is a warning.
    @Test(
        arguments: [
            (["texts": 1_048_588, "labels": 1_048_588, "rejects": 1_048_588], []),
            (
                ["texts": 1_048_588, "labels": 500, "rejects": 1_048_588],
                ["sink.kafka.topic: labels takes batches of at most"]
            ),
            (
                ["texts": 1_048_588, "labels": 1_048_588, "rejects": 1000],
                [
                    "rejected.kafka.topic: rejects takes batches of at most 1000 bytes (max.message.bytes), and texts "
                        + "has records of up to 1048588: what it refuses is kept in rejected, stage publish"
                ]
            ),
            (["texts": nil, "labels": nil, "rejects": 1000], []),
        ] as [([String: Int?], [String])])
    func outputTopicsThatTakeSmallerRecordsAreAWarning(topics: [String: Int?], warnings: [String]) async throws {
        let broker = try FakeTopicBroker(topics: topics)
        defer { broker.stop() }
        let folder = try folder(
            brokers: broker.bootstrapServers, output: ", kafka: { topic: labels }",
            rejected: "rejected: { kafka: { topic: rejects } }")
        let found = await findings(folder, online: true).filter { $0.key?.hasSuffix("kafka.topic") == true }
        let said = found.filter { $0.severity == .warning }.map { "\($0.key ?? ""): \($0.message)" }
        #expect(said.count == warnings.count && zip(said, warnings).allSatisfy { $0.hasPrefix($1) }, "\(found)")
        #expect(found.count == 2 && found.allSatisfy { $0.severity != .error }, "\(found)")
    }

    /// Labels are stored all the same, so it is a warning.
    @Test func outputBrokersThatAreAwayAreAWarning() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            let output = ", kafka: { topic: labels, brokers: \"127.0.0.1:1\" }"
            let found = await findings(try folder(brokers: broker.bootstrapServers, output: output), online: true)
                .filter { $0.severity != .fine }
            #expect(found.map(\.severity) == [.warning] && found.map(\.key) == ["sink.kafka.brokers"], "\(found)")
            #expect(found.first?.message.hasSuffix("; meanwhile records wait in the outbox") == true)
        }
    }

    @Test func missingPermissionsAreErrors() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            try broker.setTopicError("texts", 29)
            let topic = await findings(try folder(brokers: broker.bootstrapServers), online: true)
            #expect(topic.filter { $0.severity == .error }.map(\.key) == ["source.kafka.topics"], "\(topic)")
            #expect("\(topic)".contains("TOPIC_AUTHORIZATION_FAILED"))
            try broker.setTopicError("texts", nil)
            try broker.pushErrors(.offsetFetch, Array(repeating: 30, count: 9))
            let group = await findings(try folder(brokers: broker.bootstrapServers), online: true)
            #expect(group.filter { $0.severity == .error }.map(\.key) == ["source.kafka.group"], "\(group)")
        }
    }

    @Test func aWrongPasswordIsAnErrorThatSaysSo() async throws {
        let broker = try FakeSASLBroker()
        defer { broker.stop() }
        let properties =
            "{ security.protocol: sasl_plaintext, sasl.mechanism: PLAIN, sasl.username: u, sasl.password: hunter2 }"
        let found = await findings(try folder(brokers: broker.bootstrapServers, properties: properties), online: true)
        let errors = found.filter { $0.severity == .error }
        #expect(errors.map(\.key) == ["source.kafka.brokers"], "\(found)")
        #expect(errors.first?.message.contains("authentication fails") == true)
        #expect(!"\(found)".contains("hunter2"))
    }

    @Test func aPortThatDoesNotSpeakKafkaIsAnErrorUnlessABrokerAnswers() async throws {
        let other = try FaultProxy(to: .nobody) { _ in WebServer() }
        defer { other.stop() }
        let found = await findings(try folder(brokers: other.address), online: true)
        let errors = found.filter { $0.severity == .error }
        #expect(errors.map(\.key) == ["source.kafka.brokers"], "\(found)")
        #expect(
            errors.first?.message.hasPrefix("\(other.address): connects, but does not speak Kafka") == true, "\(errors)"
        )
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            let both = await findings(try folder(brokers: "\(other.address),\(broker.bootstrapServers)"), online: true)
            #expect(both.filter { $0.severity != .fine }.map(\.severity) == [.warning], "\(both)")
            #expect(both.contains { $0.severity == .fine && $0.key == "source.kafka.topics" })
        }
    }

    private final class WebServer: ProxyFilter {
        func fromServer(_ bytes: [UInt8]) -> ProxyVerdict { .pass(bytes) }
        func fromClient(_ bytes: [UInt8]) -> ProxyVerdict { .answer(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)) }
    }

    // MARK: - The database

    /// `run` would end with its first batch; `check` opens the database with the same role.
    @Test func aRoleThatLacksPrivilegesIsAnError() async throws {
        try await withTestDatabase { database in
            let role = "\(database.name)_checker"
            let owner = try database.connect()
            defer { owner.close() }
            try owner.execute("CREATE ROLE \(role) LOGIN")
            _ = try await MigrateOperation.run(postgres: Secret(database.dsn()), role: role)
            try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
                let fixture = try await DaemonFixture(
                    broker: broker, postgres: database.dsn(user: role), migrates: false)
                try fixture.writeAdapter("first")
                let file = try fixture.writePipeline()
                let options = CheckOperation.Options(environment: fixture.environment)
                let granted = await CheckOperation.run(files: [file], options: options)
                #expect(granted.status == .done, "\(granted.findings)")
                try owner.execute("REVOKE INSERT ON lorikeet.labels FROM \(role)")
                let lacking = await CheckOperation.run(files: [file], options: options)
                let errors = lacking.findings.filter { $0.severity == .error }
                #expect(errors.map(\.key) == ["sink.postgres"], "\(lacking.findings)")
                #expect(
                    errors.first?.message.contains("INSERT on lorikeet.labels: run `lorikeet migrate --role ROLE`")
                        == true)
                try owner.execute("GRANT INSERT ON lorikeet.labels TO \(role)")
                try owner.execute("REVOKE ALL ON lorikeet.messages, lorikeet.labelled_texts FROM \(role)")
                let textless = await CheckOperation.run(files: [file], options: options)
                let texts = textless.findings.filter { $0.severity == .error }
                #expect(texts.map(\.key) == ["sink.postgres"], "\(textless.findings)")
                for privilege in ["INSERT on lorikeet.messages", "SELECT on lorikeet.labelled_texts"] {
                    #expect(texts.first?.message.contains(privilege) == true, "\(privilege)")
                }
            }
            try owner.execute("DROP OWNED BY \(role)")
            try owner.execute("DROP ROLE \(role)")
        }
    }

    /// Otherwise the sink would retry for ever.
    @Test func aDatabaseThatIsReadOnlyIsAnError() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            let options = CheckOperation.Options(broker: false, environment: fixture.environment)
            #expect(await CheckOperation.run(files: [file], options: options).status == .done)
            let database = try #require(try fixture.execute("SELECT current_database() AS d").first).text("d")
            try fixture.execute("ALTER DATABASE \"\(database)\" SET default_transaction_read_only = on")
            let report = await CheckOperation.run(files: [file], options: options)
            let errors = report.findings.filter { $0.severity == .error }
            #expect(errors.map(\.key) == ["sink.postgres"], "\(report.findings)")
            #expect(errors.first?.message.contains("default_transaction_read_only") == true)
        }
    }

    /// libpq parses it, and refuses it only when it connects.
    @Test func aValueInTheConnectionStringThatLibpqRefusesIsAnError() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            var environment = fixture.environment
            environment.variables["DATABASE_URL"] = "host=localhost sslmode=bogus"
            let options = CheckOperation.Options(broker: false, environment: environment)
            let errors = await CheckOperation.run(files: [file], options: options).findings.filter {
                $0.severity == .error
            }
            #expect(errors.map(\.key) == ["sink.postgres"])
            #expect(errors.first?.message.contains("invalid sslmode value") == true, "\(errors)")
        }
    }
}
