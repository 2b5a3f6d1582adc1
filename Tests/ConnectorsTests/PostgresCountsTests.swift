import Testing

@testable import Connectors

@Suite struct PostgresCountsTests {
    @Test func rowsAreCounted() async throws {
        let database = try await SchemaDatabase.make()
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        _ = try await sink.store([
            Samples.labelled(0, tasks: ["section", "role"]), Samples.labelled(1, label: "devel"), Samples.rejected(2),
            Samples.rejected(3, stage: .extract), Samples.rejected(4),
        ])
        await sink.close()
        try database.sql("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('role', 'a', 'program')")

        let counts = PostgresCounts(database.settings())
        #expect(try await counts.labels() == ["section": 2, "role": 1])
        #expect(try await counts.labels(pipeline: "other").isEmpty)
        #expect(try await counts.labels(task: "section") == ["games": 1, "devel": 1])
        #expect(try await counts.labelsByDigest(task: "section") == [Samples.digest: 2])
        #expect(try await counts.rejected(pipeline: "packages") == [.decode: 2, .extract: 1])
        #expect(try await counts.annotations() == ["role": 1])
        #expect(try await counts.labelsOfUnknownAdapters() == 3)
        await counts.close()
    }
}
