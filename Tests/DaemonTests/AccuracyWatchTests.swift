import AdapterRegistry
import BERT
import Connectors
import DaemonFixtures
import Drift
import Foundation
import TestSupport
import Testing

@testable import Daemon

@Suite(.timeLimit(.minutes(2))) struct AccuracyWatchTests {
    @Test func itLooksOnceAMinute() async {
        let (clock, looks) = (ManualClock(), Watched(0))
        let watch = AccuracyWatch(PostgresSettings(dsn: "", applicationName: "test"), clock: clock.clock)
        let following = Task {
            await watch.follow(LiveAdapters()) {
                looks.update { $0 += 1 }
                return [:]
            }
        }
        await clock.waitForSleepers()
        #expect(looks.value == 1)
        clock.advance(by: .seconds(59))
        #expect(looks.value == 1)
        clock.advance(by: .seconds(1))
        await looks.wait { $0 == 2 }
        following.cancel()
        await following.value
        #expect(looks.value == 2)
    }

    /// A look at what nobody annotated is one statement, however many tasks there are.
    @Test func onlyAnnotatedTasksAreMeasuredAgain() async throws {
        try await DaemonFixture.with { fixture in
            let (adapters, clock) = (LiveAdapters(), ManualClock())
            let adapter = try fixture.model.adapter(labels: DaemonFixture.labels, seed: 1)
            let version = AdapterVersion(
                task: "noise", version: 1, digest: adapter.digest, baseDigest: adapter.baseDigest, state: .live,
                createdAt: Date(timeIntervalSince1970: 0))
            adapters.swap(task: "noise", to: LiveAdapter(adapter: adapter, version: version))
            try fixture.execute(
                """
                INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, label, score,
                    scores, adapter_digest, labelled_at)
                SELECT 'p', 't', 0, n, 'noise', now(), 'loud', 0.9, '{"calm": 0.1, "loud": 0.9}', '\(adapter.digest)',
                    now() - interval '2 hours' FROM generate_series(0, 4) AS n
                """)
            func annotate(_ offset: Int, minutesAgo: Int) throws {
                try fixture.execute(
                    """
                    INSERT INTO lorikeet.annotations (task, text, label, topic, "partition", "offset", created_at)
                    VALUES ('noise', 'text', 'loud', 't', 0, \(offset), now() - interval '\(minutesAgo) minutes')
                    """)
            }
            let watch = AccuracyWatch(fixture.settings, clock: clock.clock)
            func texts() async -> Int? {
                await watch.look(at: adapters.snapshot, mappings: [:])
                return await watch.accuracy(of: adapters.snapshot)["noise"]?[.chosen]?.texts
            }
            try annotate(0, minutesAgo: 60)
            #expect(await texts() == 1)
            try annotate(1, minutesAgo: 60)
            #expect(await texts() == 1, "nothing is new")
            clock.advance(by: .seconds(3600))
            #expect(await texts() == 2, "after an hour it is measured anyway")
            try annotate(2, minutesAgo: 0)
            #expect(await texts() == 3)
        }
    }

    @Test func annotationsOfLabelledTextsMeasureTheLiveAdapter() async throws {
        try await DaemonFixture.with { fixture in
            let adapters = LiveAdapters()
            func swap(seed: UInt64) throws -> String {
                let adapter = try fixture.model.adapter(labels: DaemonFixture.labels, seed: seed)
                let version = AdapterVersion(
                    task: "noise", version: Int(seed), digest: adapter.digest, baseDigest: adapter.baseDigest,
                    state: .live, createdAt: Date(timeIntervalSince1970: 0))
                adapters.swap(task: "noise", to: LiveAdapter(adapter: adapter, version: version))
                return adapter.digest
            }
            let digest = try swap(seed: 1)
            try fixture.execute(
                """
                INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, label, score,
                    scores, adapter_digest, labelled_at)
                SELECT 'p', 't', 0, n, 'noise', now(), 'loud', 0.9, '{"calm": 0.1, "loud": 0.9}', '\(digest)',
                    now() - interval '1 hour' FROM generate_series(0, 4) AS n
                """)
            try fixture.execute(
                """
                INSERT INTO lorikeet.annotations (task, text, label, source, topic, "partition", "offset")
                SELECT 'noise', 'text', CASE n WHEN 0 THEN 'calm' ELSE 'noisy' END,
                    CASE WHEN n < 4 THEN 'random' END, 't', 0, n FROM generate_series(0, 4) AS n
                """)
            let watch = AccuracyWatch(fixture.settings)
            await watch.look(at: adapters.snapshot, mappings: ["noise": LabelMapping(targets: ["noisy": "loud"])])
            let measured = await watch.accuracy(of: adapters.snapshot)["noise"]
            #expect(measured?[.random]?.texts == 4 && measured?[.random]?.accuracy == 0.75)
            #expect(measured?[.chosen]?.texts == 1 && measured?[.chosen]?.accuracy == 1)
            _ = try swap(seed: 2)
            #expect(await watch.accuracy(of: adapters.snapshot).isEmpty, "another adapter was measured")
        }
    }

    /// A row that cannot be read is one task's affair.
    @Test func aTaskThatFailsKeepsNoOtherFromBeingMeasured() async throws {
        try await DaemonFixture.with { fixture in
            let (adapters, watch) = (LiveAdapters(), AccuracyWatch(fixture.settings))
            for (task, scores) in [("a", #"{"calm": "much"}"#), ("b", #"{"calm": 0.9}"#)] {
                let adapter = try fixture.model.adapter(labels: DaemonFixture.labels, seed: 1)
                let version = AdapterVersion(
                    task: task, version: 1, digest: adapter.digest, baseDigest: adapter.baseDigest, state: .live,
                    createdAt: Date(timeIntervalSince1970: 0))
                adapters.swap(task: task, to: LiveAdapter(adapter: adapter, version: version))
                try fixture.execute(
                    """
                    INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, label,
                        score, scores, adapter_digest, labelled_at, abstained)
                    VALUES ('p', 't', 0, 0, '\(task)', now(), NULL, 0.9, '\(scores)', '\(adapter.digest)',
                        now() - interval '1 hour', true)
                    """)
                try fixture.execute(
                    """
                    INSERT INTO lorikeet.annotations (task, text, label, topic, "partition", "offset")
                    VALUES ('\(task)', 'text', 'calm', 't', 0, 0)
                    """)
            }
            await watch.look(at: adapters.snapshot, mappings: [:])
            let measured = await watch.accuracy(of: adapters.snapshot)
            #expect(measured["a"] == nil && measured["b"]?[.chosen]?.accuracy == 1)
        }
    }
}
