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

/// A task that reads documents in windows, from rows to the table and through a retraining, over a real database and a
/// broker on sockets.
@Suite(.serialized) struct LongTextDaemonTests {
    private static let filler = String(repeating: "a b ", count: 30)

    private static func rows(_ count: Int) -> [LabelledText] {
        (0..<count).map {
            let label = ["calm", "loud"][$0 % 2]
            return LabelledText(text: "\($0) \(filler)\(label) \(filler)", label: label)
        }
    }

    /// Writes an adapter that was trained on documents in windows, as the folder `first`.
    private static func train(
        _ longTexts: LongTexts, _ tokenizer: WordPieceTokenizer, in fixture: DaemonFixture
    ) throws {
        var settings = TrainingSettings()
        (settings.epochs, settings.learningRate, settings.workers) = (1, 1e-2, 2)
        (settings.maxTokens, settings.longTexts) = (32, longTexts)
        let base = try BERTBase(directory: fixture.folder.path + "/base")
        let candidate = try AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings)
            .train(rows(40), validation: [], labels: DaemonFixture.labels)
        try candidate.adapter.write(to: fixture.folder.path + "/first")
    }

    private static func produce(_ texts: [String], _ fixture: DaemonFixture) throws {
        let producer = try fixture.broker.makeProducer()
        for (offset, text) in texts.enumerated() {
            try producer.produce(
                topic: "texts", partition: 0, payload: Array(text.utf8), timestamp: 1000 + Int64(offset))
        }
        try producer.flush(timeout: .seconds(20))
    }

    private static func annotate(_ rows: [LabelledText], _ fixture: DaemonFixture) throws {
        let connection = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
        defer { connection.close() }
        for row in rows {
            try connection.execute(
                "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', $1, $2)",
                [.text(row.text), .text(row.label)])
        }
    }

    @Test func fromTrainingToTheTableAndBackThroughRetraining() async throws {
        try await DaemonFixture.with { fixture in
            let (tokenizer, longTexts) = (
                try WordPieceTokenizer(directory: fixture.folder.path + "/base"), LongTexts(window: 32, pool: .max)
            )
            try Self.train(longTexts, tokenizer, in: fixture)
            let file = try fixture.writePipeline(
                task: "{ labels: [calm, loud], adapter: first, long_texts: { window: 32, pool: max } }",
                extra: "retrain: { minimum_hold_out: 5, epochs: 1, workers: 2, gate: { unknown_training_rows: allow } }"
            )
            try Self.produce(Self.rows(10).map(\.text), fixture)
            // Short texts beside them, in the other partition too.
            try fixture.produce(10, from: 100)
            try await fixture.withDaemon(file) { _ in try await fixture.untilLabelled(20) }

            let long = try fixture.execute(
                """
                SELECT windows, tokens, text,
                    substr(text, lower(evidence) + 1, upper(evidence) - lower(evidence)) AS passage
                FROM lorikeet.labelled_texts WHERE windows IS NOT NULL ORDER BY "offset"
                """)
            #expect(long.rows.count == 10)
            for row in long.rows {
                let text = try row.text("text")
                let encoded = TextEncoder(tokenizer: tokenizer, maxTokens: 32, longTexts: longTexts)
                    .encode(text)
                #expect(try Int(row.integer("windows")) == encoded.windows.count && encoded.windows.count > 3)
                #expect(try Int(row.integer("tokens")) == encoded.longTextTokens)
                let passages = encoded.windows.compactMap(\.characters).map { range in
                    String(String.UnicodeScalarView(Array(text.unicodeScalars)[range]))
                }
                #expect(passages.contains(try row.text("passage")))
            }
            let short = "SELECT count(*) AS n FROM lorikeet.labels WHERE num_nonnulls(windows, tokens, evidence) = 0"
            #expect(try fixture.number(short) == 10)

            try Self.annotate(Self.rows(120), fixture)
            let report = try await RetrainOperation.run(
                task: "noise", file: file, environment: fixture.environment, logger: fixture.log.logger)
            #expect(["promoted", "held", "rejected"].contains(report.verdict), "\(report.reason)")
            let trained =
                "SELECT count(*) AS n FROM lorikeet.adapters WHERE manifest->'long_texts'->>'pool' = 'max' "
                + "AND metrics ? 'macro_f1'"
            #expect(try fixture.number(trained) >= 1)
        }
    }
}
