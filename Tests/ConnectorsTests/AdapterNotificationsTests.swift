import Testing

@testable import Connectors

@Suite struct AdapterNotificationsTests {
    private func notify(_ database: SchemaDatabase, _ task: String) throws {
        try database.sql("SELECT pg_notify('lorikeet_adapters', $1)", with: [.text(task)])
    }

    @Test func changesArriveByTask() async throws {
        let database = try await SchemaDatabase.make()
        var changes = AdapterNotifications(direct: database.settings(), pollInterval: .seconds(600)).makeAsyncIterator()
        #expect(await changes.next() == .poll)
        try notify(database, "section")
        #expect(await changes.next() == .changed(task: "section"))
        try notify(database, "tâsk with 'quotes'")
        #expect(await changes.next() == .changed(task: "tâsk with 'quotes'"))
    }

    @Test func pollsComeWithoutAnyConnection() async throws {
        var changes = AdapterNotifications(direct: nil, pollInterval: .milliseconds(20)).makeAsyncIterator()
        for _ in 0..<3 { #expect(await changes.next() == .poll) }
    }

    @Test func aBrokenConnectionComesBackWithAPoll() async throws {
        try await SchemaDatabase.withOwnCluster { database in
            let notifications = AdapterNotifications(direct: database.settings(), pollInterval: .seconds(600))
            var changes = notifications.makeAsyncIterator()
            #expect(await changes.next() == .poll)
            try database.cluster.restart()
            #expect(await changes.next() == .poll)
            try notify(database, "section")
            #expect(await changes.next() == .changed(task: "section"))
        }
    }

    @Test func iterationEndsWithItsTask() async throws {
        let database = try await SchemaDatabase.make()
        let notifications = AdapterNotifications(direct: database.settings(), pollInterval: .seconds(600))
        let task = Task {
            var seen = 0
            for await _ in notifications {
                seen += 1
                withUnsafeCurrentTask { $0?.cancel() }
            }
            return seen
        }
        #expect(await task.value == 1)
    }
}
