import AdapterRegistry
import BERT
import DaemonFixtures
import Foundation
import TestSupport
import Testing
import Training

@testable import Operations

/// An import over a base in int8. The limits of the tests decide how its check ends.
struct AdapterImportTests {
    private func adapterImport(
        _ fixture: DaemonFixture, rows: Int, limit: Double, dtype: DataType? = .int8, pipeline: String? = nil
    ) throws -> AdapterImport {
        let path = try fixture.folder.write(
            "rows.tsv", (0..<rows).map { "calm\tthe river of \($0)\n" }.joined())
        var adapterImport = AdapterImport(
            task: "noise", directory: fixture.folder.path + "/first", labels: LabelNames(source: "", labels: []),
            base: fixture.folder.path + "/base", promote: true, evaluate: path, rowOptions: RowOptions(), workers: 1,
            database: DatabaseSource(database: fixture.postgres.value, pipeline: pipeline))
        adapterImport.dtype = dtype.map { BasePrecision($0) }
        (adapterImport.limits.accuracyLost, adapterImport.limits.labelsChanged) = (1, limit)
        return adapterImport
    }

    @Test func whatLosesTooMuchStaysACandidate() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            var notes: [String] = []
            let failure = await #expect(throws: CommandFailure.self) {
                _ = try await adapterImport(fixture, rows: 60, limit: -1).run { notes.append($0) }
            }
            let message = try #require(failure?.message)
            #expect(message.hasPrefix("version 1 of noise is a candidate and was not promoted: int8 costs too much"))
            #expect(message.contains("`dtype: float32`") && notes.contains { $0.contains("of 60 labels change") })
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.adapters WHERE state = 'candidate'") == 1)
            // The same adapter is good enough in float32.
            let version = try await adapterImport(fixture, rows: 60, limit: -1, dtype: .float32).run { _ in }
            #expect(version.version == 1 && version.state == .live)
        }
    }

    @Test func whatKeepsItsLabelsIsPromoted() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            var notes: [String] = []
            let version = try await adapterImport(fixture, rows: 60, limit: 1).run { notes.append($0) }
            #expect(version.state == .live && version.metrics["accuracy"] != nil)
            #expect(notes.contains { $0.hasPrefix("int8: noise: ") }, "\(notes)")
        }
    }

    @Test func fewRowsDoNotStopAPromotion() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            var notes: [String] = []
            let version = try await adapterImport(fixture, rows: 5, limit: -1).run { notes.append($0) }
            #expect(version.state == .live && notes.contains { $0.contains("too few texts") }, "\(notes)")
        }
    }

    /// The live adapter keeps its labels in int8, so the daemon serves in int8 where the CPU is fast at it.
    @Test func underAutoItIsCheckedInWhatADaemonWouldChoose() async throws {
        try await DaemonFixture.with { fixture in
            let live = try fixture.model.adapter(labels: DaemonFixture.labels, seed: 2)
            try await fixture.promote(live)
            try fixture.annotate(live, rows: 60)
            try fixture.writeAdapter("first")
            // A command reads the file in the environment of its process, which has no database of this test.
            let text = try String(contentsOfFile: try fixture.writePipeline(extra: "dtype: auto"), encoding: .utf8)
            let file = try fixture.folder.write(
                "p.yaml", text.replacing("${DATABASE_URL}", with: fixture.postgres.value))
            var notes: [String] = []
            let importing = try adapterImport(fixture, rows: 60, limit: -1, dtype: nil, pipeline: file)
            guard let type = DataType.fastestFirst.first else {
                let version = try await importing.run { notes.append($0) }
                #expect(version.state == .live && notes.contains { $0.hasPrefix("dtype auto: float32: this CPU ") })
                return
            }
            let version = try await importing.run { notes.append($0) }
            #expect(notes.contains { $0.hasPrefix("dtype auto: \(type.rawValue): noise: ") }, "\(notes)")
            #expect(notes.contains { $0.hasPrefix("\(type.rawValue) costs too much") }, "\(notes)")
            // Nothing but float32 is within a limit below nothing: a daemon falls back to it.
            #expect(version.state == .live && version.acceptedDtype == "float32")
        }
    }
}
