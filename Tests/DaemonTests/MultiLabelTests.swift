import BERT
import DaemonFixtures
import Foundation
import PostgresClient
import TestSupport
import Testing
import Training
import WordPiece

@testable import Daemon
@testable import Operations

/// A multi-label task from rows to the table, over a real database and a broker on sockets.
@Suite(.serialized) struct MultiLabelTests {
    private static let words = ["river", "text"]

    private static func rows(_ count: Int) -> [LabelledText] {
        (0..<count).map { number in
            let labels = words.enumerated().filter { number >> $0.offset & 1 == 1 }.map(\.element)
            return LabelledText(text: (labels + ["\(number)"]).joined(separator: " "), labels: labels)
        }
    }

    @Test func fromTrainingToTheTableAndBackThroughRetraining() async throws {
        try await DaemonFixture.with { fixture in
            let base = try BERTBase(directory: fixture.folder.path + "/base")
            let tokenizer = try WordPieceTokenizer(directory: fixture.folder.path + "/base")
            var settings = TrainingSettings()
            (settings.isMultiLabel, settings.epochs, settings.learningRate) = (true, 2, 1e-2)
            (settings.maxTokens, settings.workers) = (32, 2)
            let candidate = try AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings)
                .train(Self.rows(80), validation: Self.rows(40), labels: Self.words)
            try candidate.adapter.write(to: fixture.folder.path + "/first")

            let wrong = try fixture.writePipeline(task: "{ labels: [river, text], adapter: first, multi_label: false }")
            #expect(throws: (any Error).self) {
                try LorikeetDaemon(files: [wrong], options: fixture.options(), logger: fixture.log.logger)
            }
            let file = try fixture.writePipeline(
                task: "{ labels: [river, text], adapter: first, multi_label: true }",
                extra: "retrain: { minimum_hold_out: 5, epochs: 1, workers: 2, gate: { unknown_training_rows: allow } }"
            )
            try fixture.produce(10)
            try await fixture.withDaemon(file) { _ in
                try await fixture.untilLabelled(10)
            }
            let sets =
                "SELECT count(*) AS n FROM lorikeet.labels WHERE label IS NULL "
                + "AND labels <@ '{river,text}' AND NOT abstained"
            #expect(try fixture.number(sets) == 10)
            #expect(try fixture.digests() == [candidate.adapter.digest])

            let connection = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
            defer { connection.close() }
            for row in Self.rows(120) {
                try connection.execute(
                    "INSERT INTO lorikeet.annotations (task, text, labels) VALUES ('noise', $1, $2)",
                    [.text(row.text), .texts(row.labels.map(Optional.some))])
            }
            let report = try await RetrainOperation.run(
                task: "noise", file: file, environment: fixture.environment, logger: fixture.log.logger)
            #expect(["promoted", "held", "rejected"].contains(report.verdict), "\(report.reason)")
            let trained =
                "SELECT count(*) AS n FROM lorikeet.adapters WHERE manifest->>'multi_label' = 'true' "
                + "AND metrics ? 'micro_f1'"
            #expect(try fixture.number(trained) >= 1)
        }
    }
}
