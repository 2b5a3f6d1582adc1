import DaemonFixtures
import Foundation
import TestSupport
import Testing

@testable import BERT
@testable import Daemon
@testable import Operations

/// `dtype: auto`, from the labelled rows in PostgreSQL to the rows that the daemon writes.
@Suite(.serialized) struct AutomaticPrecisionTests {
    @Test func whatItMeasuresServesAndIsInLogMetricsAndRows() async throws {
        try await DaemonFixture.with { fixture in
            let adapter = try fixture.writeAdapter("first")
            try await fixture.promote(adapter)
            try fixture.annotate(adapter, rows: 60)
            let file = try fixture.writePipeline(extra: "dtype: auto")
            let type = DataType.fastestFirst.first ?? .float32
            let reason =
                type == .float32
                ? "float32: this CPU has no instructions for a faster type" : "\(type.rawValue): noise: "

            let measured = try await LorikeetDaemon.measured(
                files: [file], options: fixture.options(http: "127.0.0.1:0"), logger: fixture.log.logger)
            try await fixture.run(measured) { daemon in
                let address = try #require(await daemon.httpAddress())
                try fixture.produce(10)
                try await fixture.untilLabelled(10)
                let rows = "SELECT count(*) AS n FROM lorikeet.labels WHERE dtype = '\(type.rawValue)'"
                #expect(try fixture.number(rows) == 10)
                let page = try await HTTPAnswer.get("/metrics", from: address).body
                let lines = page.split(separator: "\n").filter { $0.hasPrefix("lorikeet_build_info{") }
                #expect(
                    lines.contains { $0.contains("dtype=\"\(type.rawValue)\",dtype_reason=\"\(reason)") }, "\(lines)")
            }
            let first = try #require(fixture.log.all.first)
            #expect(first.contains(" dtype=\(type.rawValue) dtype_reason=\"\(reason)"), "\(first)")
            #expect(first.contains(" of 60 labels change") == (type != .float32), "\(first)")

            // What was rounded is kept: the next start reads it.
            guard type == .int8 else { return }
            let kept = try #require(fixture.folder.fileNumber("base/" + BaseCache.name))
            let again = await ServingPrecision.resolve(files: [file], environment: fixture.environment)
            #expect(again?.precision == BasePrecision(.int8))
            #expect(fixture.folder.fileNumber("base/" + BaseCache.name) == kept, "it was written again")
        }
    }

    /// No restart: the rows name the types of the moment.
    @Test func aVersionMakesTheRunningDaemonAsFineAsItNeeds() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let second = try fixture.model.adapter(labels: DaemonFixture.labels, seed: 2)
            let finer = BasePrecision(.int8).keeping([.init(layer: 0, group: .output)], in: .float32)
            let automatic = try LorikeetDaemon(
                files: [try fixture.writePipeline(extra: "dtype: auto")],
                serving: ServingPrecision(BasePrecision(.int8), reason: "it was measured"),
                options: fixture.options(http: "127.0.0.1:0"), logger: fixture.log.logger)
            try await fixture.run(automatic) { daemon in
                let address = try #require(await daemon.httpAddress())
                try fixture.produce(10)
                try await fixture.untilLabelled(10)
                try await fixture.promote(second, over: finer)
                try await eventually("the second adapter") {
                    fixture.log.count(containing: "adapter in use") == 2
                }
                try fixture.produce(10, from: 10)
                try await fixture.untilLabelled(20)
                let rows = "SELECT count(*) AS n FROM lorikeet.labels WHERE"
                #expect(try fixture.number("\(rows) dtype = 'int8' AND adapter_digest <> '\(second.digest)'") == 10)
                #expect(try fixture.number("\(rows) dtype = '\(finer)' AND adapter_digest = '\(second.digest)'") == 10)
                let page = try await HTTPAnswer.get("/metrics", from: address).body
                let reason = "it was measured; version 2 of noise was accepted over \(finer)"
                #expect(page.contains("dtype=\"\(finer)\",dtype_reason=\"\(reason)\""))
                let status = await daemon.status()
                #expect(status.dtype == finer.description)
            }
            #expect(fixture.log.count(containing: "base falls back to finer types") == 1)
        }
    }

    @Test func aLongReasonIsCutInTheMetricAndNotInTheLog() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let reason = String(repeating: "because ", count: 200)
            let long = try LorikeetDaemon(
                files: [try fixture.writePipeline()], serving: ServingPrecision(.float32, reason: reason),
                options: fixture.options(http: "127.0.0.1:0"), logger: fixture.log.logger)
            try await fixture.run(long) { daemon in
                let address = try #require(await daemon.httpAddress())
                let page = try await HTTPAnswer.get("/metrics", from: address).body
                let label = try #require(page.firstMatch(of: /dtype_reason="(because [^"]*)"/)).1
                #expect(label.count == 500 && label.hasSuffix("…"))
            }
            #expect(fixture.log.count(containing: reason) == 1)
        }
    }
}
