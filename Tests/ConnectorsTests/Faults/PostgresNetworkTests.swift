import Foundation
import Serving
import TestSupport
import Testing

@testable import Connectors

/// The network between the daemon and its database.
@Suite(.timeLimit(.minutes(5))) struct PostgresNetworkTests {
    private static func texts(_ count: Int) -> [String] { (0..<count).map { "text \($0)" } }

    private func survive(
        deadline: Duration = .seconds(20), failures: Int, causes: Set<String>, fault: (FaultProxy) throws -> Void,
        mend: (FaultProxy) throws -> Void
    ) async throws {
        let database = try await SchemaDatabase.make()
        let proxy = try database.proxy()
        defer { proxy.stop() }
        let source = ScriptedTextSource(pollLimit: 20)
        let pipeline = try LivePipeline(
            source, database, settings: database.settings(through: proxy, deadline: deadline))
        source.produce(texts: Self.texts(50))
        try await pipeline.whileRunning {
            await pipeline.waitUntilStored(50)
            try fault(proxy)
            source.produce(texts: Self.texts(50))
            await pipeline.waitForFailures(failures)
            await source.state.wait { $0.isPaused || failures == 1 }
            try mend(proxy)
            await pipeline.waitUntilStored(100)
        }
        pipeline.expectOutages(of: "sink", causes: causes)
        try pipeline.expectEveryMessageOnce(100)
    }

    @Test func connectionsThatAreCut() async throws {
        try await survive(failures: 1, causes: ["08006"], fault: { $0.cut() }, mend: { _ in })
    }

    @Test func connectionsThatAreRefused() async throws {
        try await survive(failures: 5, causes: ["08006", "08001"], fault: { $0.refuse() }, mend: { try $0.accept() })
    }

    @Test func connectionsThatAreHalfOpen() async throws {
        try await survive(
            deadline: .milliseconds(400), failures: 3, causes: ["57014", "08001"], fault: { $0.setMode(.halfOpen) },
            mend: { $0.setMode(.forward) })
    }

    @Test func slowConnectionsAreNotAnOutage() async throws {
        let database = try await SchemaDatabase.make()
        let proxy = try database.proxy()
        defer { proxy.stop() }
        proxy.setDelay(milliseconds: 20)
        let source = ScriptedTextSource()
        let pipeline = try LivePipeline(source, database, settings: database.settings(through: proxy))
        source.produce(texts: Self.texts(100))
        try await pipeline.whileRunning { await pipeline.waitUntilStored(100) }
        #expect(pipeline.log.outages().isEmpty)
        try pipeline.expectEveryMessageOnce(100)
    }

    @Test func aConnectionThatIsCutAgainAndAgain() async throws {
        let database = try await SchemaDatabase.make()
        let proxy = try database.proxy()
        defer { proxy.stop() }
        let source = ScriptedTextSource(pollLimit: 10)
        let pipeline = try LivePipeline(source, database, settings: database.settings(through: proxy))
        source.produce(texts: Self.texts(500))
        try await pipeline.whileRunning {
            for round in 1...10 {
                await pipeline.waitUntilStored(40 * round)
                proxy.cut()
            }
            await pipeline.waitUntilStored(500)
        }
        try pipeline.expectEveryMessageOnce(500)
    }

    /// Two hosts: the one's name does not resolve, the other cannot be reached for a while.
    @Test func aNameThatDoesNotResolve() async throws {
        let database = try await SchemaDatabase.make()
        let proxy = try database.proxy()
        defer { proxy.stop() }
        proxy.refuse()
        var settings = database.settings()
        settings.dsn = "host=database.invalid,127.0.0.1 port=5432,\(proxy.port) dbname=\(database.name) user=postgres"
        let source = ScriptedTextSource()
        let pipeline = try LivePipeline(source, database, settings: settings)
        source.produce(texts: Self.texts(50))
        try await pipeline.whileRunning {
            await pipeline.waitForFailures(2)
            try proxy.accept()
            await pipeline.waitUntilStored(50)
        }
        pipeline.expectOutages(
            of: "sink", causes: ["08001"], reason: "could not translate host name \"database.invalid\"")
        try pipeline.expectEveryMessageOnce(50)
    }

    /// The server's certificate is its own; the client trusts another one, until the right one is put into its place.
    @Test func aCertificateThatIsNotTrusted() async throws {
        // An address of one's own on the loopback network, so that the port is free.
        let address = "127.\(Int.random(in: 1...254)).\(Int.random(in: 1...254)).\(Int.random(in: 2...254))"
        try await SchemaDatabase.withOwnCluster(settings: ["listen_addresses": address]) { database in
            let folder = try TemporaryFolder()
            let right = try Certificate.make(in: folder.path, name: "right", address: address)
            let wrong = try Certificate.make(in: folder.path, name: "wrong", address: address)
            try right.install(in: database.cluster.folder + "/data")
            try Certificate.allow("tls", in: database.cluster.folder + "/data")
            try database.sql("CREATE ROLE tls LOGIN SUPERUSER", "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
            let trusted = folder.path + "/trusted.crt"
            try FileManager.default.copyItem(atPath: wrong.certificate, toPath: trusted)
            var settings = database.settings()
            settings.dsn =
                "host=\(address) port=5432 dbname=\(database.name) user=tls sslmode=verify-full sslrootcert=\(trusted)"
            let source = ScriptedTextSource()
            let pipeline = try LivePipeline(source, database, settings: settings)
            source.produce(texts: Self.texts(50))
            try await pipeline.whileRunning {
                await pipeline.waitForFailures(3)
                #expect(pipeline.way.status.waitingFor?.contains("certificate verify failed") == true)
                try FileManager.default.removeItem(atPath: trusted)
                try FileManager.default.copyItem(atPath: right.certificate, toPath: trusted)
                await pipeline.waitUntilStored(50)
            }
            pipeline.expectOutages(of: "sink", causes: ["08001"])
            try pipeline.expectEveryMessageOnce(50)
        }
    }

    @Test func aServerWithoutTLSIsRefused() async throws {
        let database = try await SchemaDatabase.make()
        let proxy = try database.proxy()
        defer { proxy.stop() }
        let settings = database.settings(through: proxy, "sslmode=require password=hunter2")
        let sink = PostgresLabelSink(settings, pipeline: "packages")
        let error = await #expect(throws: ConnectorError.self) { try await sink.connect() }
        #expect(error?.action == .retry)
        #expect(error?.reason.contains("does not support SSL") == true)
        #expect(error?.reason.contains("hunter2") == false)
        await sink.close()
    }
}
