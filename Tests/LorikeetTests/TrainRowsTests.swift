import Foundation
import Serving
import TestSupport
import Testing

/// Rows from where people have them, through the real program.
@Suite(.scratch) struct TrainRowsTests {
    private static func train(
        _ scratch: Scratch, _ extra: [String], input: some DataProtocol = Data(), environment: [String: String] = [:]
    ) async throws -> (outcome: Program.Outcome, rows: [String: Any]?) {
        let base = try TinyBase.write(to: scratch)
        let outcome = try await Program.run(
            [
                "train", "--base", base, "--output", scratch.path("adapter"), "--epochs", "6", "--rate", "1e-2",
                "--no-report", "--json",
            ]
                + extra, input: input, environment: environment)
        return (outcome, outcome.notes.lazy.compactMap { $0["rows"] as? [String: Any] }.first)
    }

    @Test func severalFilesAndStandardInputAreOneTraining() async throws {
        let scratch = try Scratch()
        let rows = TinyBase.rows(90)
        let tsv = try scratch.write("a.tsv", TinyBase.tsv(Array(rows[..<30])))
        let csv = try scratch.write(
            "b.csv", "label,text\n" + rows[30..<60].map { "\($0.label),\"\($0.text)\"\n" }.joined())
        let lines = rows[60...].map { "{\"label\": \"\($0.label)\", \"text\": \"\($0.text)\"}\n" }.joined()
        let (outcome, report) = try await Self.train(
            scratch, ["--train", tsv, csv, "-", "--format", "jsonl", "--hold-out", "0"], input: Data(lines.utf8))
        #expect(outcome.status == 0, "\(outcome.error)")
        let training = try #require(report?["training"] as? [String: Any])
        #expect(training["sources"] as? [String] == [tsv, csv, "standard input"])
        #expect(training["read"] as? Int == 90 && (training["labels"] as? [String: Int])?.count == 2)
    }

    @Test func aQueryGivesTheRowsAndMayOnlyRead() async throws {
        try await withTestDatabase { database in
            let connection = try database.connect()
            defer { connection.close() }
            try connection.execute("CREATE TABLE tickets (body text, mood text, day int)")
            for (day, row) in TinyBase.rows(64).enumerated() {
                try connection.execute(
                    "INSERT INTO tickets VALUES ($1, $2, $3)",
                    [.text(row.text), .text(row.label), .integer(Int64(day))])
            }
            let scratch = try Scratch()
            let environment = ["DATABASE_URL": database.dsn()]
            let wanted = "SELECT body AS text, mood AS label FROM tickets WHERE day"
            let (outcome, report) = try await Self.train(
                scratch, ["--query", wanted + " < 48", "--validation-query", wanted + " >= 48"],
                environment: environment)
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect((report?["training"] as? [String: Any])?["read"] as? Int == 48)
            #expect((report?["validation"] as? [String: Any])?["read"] as? Int == 16)

            for (query, message) in [
                ("SELECT body FROM tickets", "query: the columns must be text and label, but they are body"),
                ("DELETE FROM tickets RETURNING body AS text, mood AS label", "25006"),
                ("SELECT body AS text FROM nowhere", "42P01"),
            ] {
                let (refused, _) = try await Self.train(
                    scratch, ["--query", query, "--overwrite"], environment: environment)
                #expect(refused.status == 1 && refused.error.contains(message), "\(refused.error)")
            }
            #expect(try connection.execute("SELECT count(*) AS n FROM tickets").first?.integer("n") == 64)
        }
    }

    @Test func aMultiLabelAdapterIsTrainedMeasuredAndUsed() async throws {
        let scratch = try Scratch()
        // A text may tell both of a day and of a mood.
        let rows = TinyBase.rows(120).map { row in
            ([row.label] + (row.text.contains("day") ? ["day"] : [])).joined(separator: "|") + "\t" + row.text + "\n"
        }
        let train = try scratch.write("train.tsv", rows[..<90].joined())
        let test = try scratch.write("test.tsv", rows[90...].joined())
        let (outcome, report) = try await Self.train(
            scratch, ["--train", train, "--validation", test, "--multi-label", "--epochs", "60", "--rate", "2e-2"])
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(report?["multi_label"] as? Bool == true)
        let about = ["--base", scratch.path("base"), "--adapter", scratch.path("adapter")]
        let measured = try await Program.run(["evaluate"] + about + ["--input", test, "--json", "--precision", "0.9"])
        #expect(measured.status == 0, "\(measured.error)")
        let figures = try #require(measured.objects.first ?? nil)
        #expect(figures["multi_label"] as? Bool == true)
        #expect(try #require(figures["micro_f1"] as? Double) > 0.9)
        let labels = try #require(figures["per_label"] as? [[String: Any]])
        #expect(Set(labels.compactMap { $0["label"] as? String }) == ["plus", "minus", "day"])
        #expect(labels.allSatisfy { $0["threshold"] is Double })
        let point = try #require((figures["abstention"] as? [[String: Any]])?.first)
        #expect(point["wanted"] as? Double == 0.9 && (point["precision"] as? Double).map { $0 >= 0.9 } == true)

        let used = try await Program.run(["classify"] + about, input: Data("the day was great\n".utf8))
        #expect(used.status == 0, "\(used.error)")
        let answer = try #require(used.objects.first ?? nil)
        #expect(Set(try #require(answer["labels"] as? [String])) == ["plus", "day"], "\(used.output)")
    }

    @Test func theThresholdOfARequestedPrecisionIsTheMeasuredOne() async throws {
        let scratch = try Scratch()
        // A fifth of the labels is wrong: no score is always right.
        let rows = TinyBase.rows(200).enumerated().map {
            ($1.label == "plus" && $0 % 5 == 0 ? "minus" : $1.label, $1.text + " \($0 % 7)")
        }
        let train = try scratch.write("train.tsv", TinyBase.tsv(rows))
        let (outcome, _) = try await Self.train(scratch, ["--train", train, "--hold-out", "0"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let about = ["--base", scratch.path("base"), "--adapter", scratch.path("adapter"), "--input", train, "--json"]
        let measured = try await Program.run(["evaluate"] + about + ["--precision", "0.5", "--precision", "0.9"])
        #expect(measured.status == 0, "\(measured.error)")
        let figures = try #require(measured.objects.first ?? nil)
        let points = try #require(figures["abstention"] as? [[String: Any]])
        #expect(points.count == 2 && points[0]["coverage"] as? Double == 1)
        if let precision = points[1]["precision"] as? Double {
            #expect(precision >= 0.9 && (points[1]["coverage"] as? Double).map { $0 < 1 } == true)
        }
    }
}
