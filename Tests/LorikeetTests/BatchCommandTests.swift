import Foundation
import TestSupport
import Testing

/// `replay` and `label` as a script calls them; what they do inside is the matter of their operations' tests.
@Suite(.scratch) struct BatchCommandTests {
    @Test(arguments: [
        (["replay"], "--from TIME"), (["replay", "--from", "2026-01-02", "--to", "2026-01-01"], "later than --from"),
        (["replay", "--from", "1h", "--offsets", "a:0:0-1"], "give one of them"), (["replay", "--to", "1h"], "--from"),
        (["replay", "--offsets", "a:0:9-1"], "--offsets"), (["replay", "--from", "1h", "--rate", "0"], "--rate"),
        (["label"], "--input FILE or --query SQL"), (["label", "--input", "a", "--query", "b"], "not both"),
        (["label", "--input", "a.txt", "--text-column", "b"], "needs --format"),
        (["label", "--input", "a.txt", "--database", "b"], "--database needs --query"),
        (["label", "--query", "a", "--format", "csv"], "--format needs --input"),
    ])
    func wrongUseEndsWith64(_ arguments: [String], _ words: String) async throws {
        let outcome = try await Program.run(arguments + ["--pipeline", "/nowhere.yaml"])
        #expect(outcome.status == 64 && outcome.error.contains(words), "\(outcome.error)")
    }

    @Test func aFileIsLabelledFromTheCommandLine() async throws {
        try await withTestDatabase { database in
            let (scratch, file) = try MoodPipeline.write(dsn: database.dsn(), namesAdapter: false)
            #expect(try await Program.run(["migrate", "--pipeline", file]).status == 0)
            let imported = try await Program.run([
                "adapters", "import", "mood", scratch.path("adapter"), "--pipeline", file, "--promote",
            ])
            #expect(imported.status == 0, "\(imported.error)")
            let lines = Data("{\"text\":\"the film was good\"}\nno JSON\n".utf8)
            let arguments = ["label", "--pipeline", file, "--input", "-", "--format", "jsonl", "--name", "films"]
            let timeless = try await Program.run(arguments, input: lines)
            #expect(timeless.status != 0 && timeless.error.contains("give --time"), "\(timeless.error)")
            let timed = arguments + ["--time", "2026-01-31"]
            let outcome = try await Program.run(timed, input: lines)
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.output == "2 rows as label:films: 1 labelled, 1 rejected\n")
            #expect(!outcome.error.contains("film"), "\(outcome.error)")
            let json = try await Program.run(timed + ["--json"], input: lines).objects.first ?? nil
            let progress = try await Program.run(timed + ["--progress", "json"], input: lines)
            #expect(progress.status == 0 && progress.output == outcome.output, "\(progress.error)")
            #expect(json?["rows"] as? Int == 2 && json?["complete"] as? Bool == true)
            let list = try await Program.run(
                ["rejected", "list", "--json"], environment: ["DATABASE_URL": database.dsn()])
            #expect(list.objects.map { $0?["origin"] as? String } == ["label:films/0@1"], "\(list.output)")
        }
    }

    @Test func aBrokerThatIsAwayFailsAReplay() async throws {
        let (_, file) = try MoodPipeline.write(dsn: "host=/nowhere", namesAdapter: false)
        let outcome = try await Program.run(["replay", "--pipeline", file, "--from", "1h"])
        #expect(outcome.status == 1 && outcome.error.contains("127.0.0.1:1 do not answer"), "\(outcome.error)")
        let missing = try await Program.run(["replay", "--pipeline", "/nowhere.yaml", "--from", "1h"])
        #expect(missing.status == 78 && missing.error.contains("/nowhere.yaml"), "\(missing.error)")
    }
}
