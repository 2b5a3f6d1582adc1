import PostgresClient
import TestSupport
import Testing

@Suite struct NotificationTests {
    @Test func notificationEndsTheWait() async throws {
        try await withTestDatabase { database in
            let (listener, speaker) = (try database.connect(), try database.connect())
            try listener.listen(to: "adapters \"quoted\"")
            #expect(try listener.waitForNotifications(timeout: .milliseconds(1)).isEmpty)
            let told = BlockingThread.run {
                _ = try? database.connect().execute("SELECT pg_notify($1, $2)", ["adapters \"quoted\"", "größe\n2"])
            }
            let heard = try listener.waitForNotifications(timeout: .seconds(30))
            told.value
            #expect(heard.map(\.payload) == ["größe\n2"])
            #expect(heard.map(\.channel) == ["adapters \"quoted\""])
            // Those that arrive with a statement's answer are kept.
            try speaker.execute("SELECT pg_notify($1, 'during')", ["adapters \"quoted\""])
            try listener.execute("SELECT 1")
            #expect(try listener.waitForNotifications(timeout: .seconds(30)).map(\.payload) == ["during"])
        }
    }

    @Test func wakeEndsTheWaitAlsoBeforeItBegan() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            connection.waker.wake()
            try connection.execute("SELECT 1")  // a statement does not use the wake up
            let began = ContinuousClock.now
            #expect(try connection.waitForNotifications(timeout: .seconds(60)).isEmpty)
            let waker = connection.waker
            let woken = BlockingThread.run { waker.wake() }
            #expect(try connection.waitForNotifications(timeout: .seconds(60)).isEmpty)
            woken.value
            #expect(ContinuousClock.now - began < .seconds(30))
            #expect(connection.isUsable)
        }
    }

    @Test func lossEndsTheWait() async throws {
        try await withTestDatabase { database in
            let (victim, killer) = (try database.connect(), try database.connect())
            let process = try victim.execute("SELECT pg_backend_pid() AS p")[0].integer("p")
            try killer.execute("SELECT pg_terminate_backend($1::int, 10000)", [.integer(process)])
            let error = try #require(throws: PostgresError.self) {
                try victim.waitForNotifications(timeout: .seconds(30))
            }
            #expect(error.isConnectionLoss && !victim.isUsable)
        }
    }
}
