import TestSupport
import Testing

/// `annotations review` and the benchmarks over a file, as a script would run them.
@Suite(.scratch) struct AnnotationCommandTests {
    /// 600 rows with their line numbers as ids, of which some have the other label.
    private static func rows(_ scratch: Scratch, wrong: Set<Int>) throws -> String {
        let rows = TinyBase.rows(600).enumerated().map { index, row in
            let other = row.label == "plus" ? "minus" : "plus"
            return (label: wrong.contains(index) ? other : row.label, text: "\(row.text) \(row.text) \(index)")
        }
        return try scratch.write("rows.tsv", TinyBase.tsv(rows))
    }

    @Test func wrongLabelsOfAFileAreListed() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let wrong: Set = [10, 61, 120, 191, 250, 301, 350, 401, 450, 501, 550, 591]
        let input = try Self.rows(scratch, wrong: wrong)
        let arguments = ["annotations", "review", "--input", input, "--base", base, "--count", "4", "--workers", "1"]
        let json = try await Program.run(arguments + ["--format", "json"])
        #expect(json.status == 0, "\(json.error)")
        #expect((2...4).contains(json.objects.count))
        let ids = json.objects.compactMap { $0?["id"] as? Int }
        #expect(ids.count { wrong.contains($0 - 1) } >= 2, "\(ids)")
        for object in json.objects {
            #expect(Set((object ?? [:]).keys) == ["id", "label", "suggested", "probability", "margin", "text"])
            #expect(object?["label"] as? String != object?["suggested"] as? String)
        }
        #expect(json.error.contains("rows are suspect"))

        let table = try await Program.run(arguments)
        #expect(table.status == 0)
        #expect(table.lines.count == json.objects.count + 1 && table.lines.first?.contains("suggested") == true)
    }

    @Test func filesThatCannotBeReviewedAreRefused() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let few = try scratch.write("few.tsv", "plus\tgood\nminus\tbad\n")
        let outcome = try await Program.run(["annotations", "review", "--input", few, "--base", base])
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty && outcome.error.contains("a review needs 20"))
        let none = try await Program.run(
            ["annotations", "queue", "task", "--pipeline", scratch.path("none.yaml")])
        #expect(none.status == 78)
    }

    @Test func anEmptySeparatorIsAUsageError() async throws {
        let arguments = ["annotations", "review", "--input", "rows.tsv", "--base", "base", "--label-separator", ""]
        let outcome = try await Program.run(arguments)
        #expect(outcome.status == 64 && outcome.error.contains("--label-separator must not be empty"))
    }

    @Test func theReviewBenchmarkIsOneObject() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let input = try Self.rows(scratch, wrong: [])
        let arguments = ["benchmark", "review", "--base", base, "--input", input, "--workers", "1"]
        let outcome = try await Program.run(arguments)
        #expect(outcome.status == 0, "\(outcome.error)")
        let object = outcome.objects.first ?? nil
        #expect(object?["rows"] as? Int == 600 && object?["flipped"] as? Int == 60)
        #expect((object?["precision"] as? [String: Any])?.count == 4)
        let section = scratch.path("review.md")
        let again = try await Program.run(arguments + ["--runs", "2", "--output", section, "--name", "tiny"])
        #expect(again.objects.compactMap { $0?["seed"] as? Int } == [1, 2])
        let lines = try scratch.text("review.md").split(separator: "\n")
        #expect(lines.first == "## Suspect labels: `tiny`" && lines.count { $0.hasPrefix("| ") } == 3)
        #expect(again.objects.first.flatMap { $0?["suspects"] as? Int } == object?["suspects"] as? Int)
    }

    @Test func theQueueBenchmarkEndsWithTheShareOfRows() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let input = try Self.rows(scratch, wrong: [])
        let outcome = try await Program.run([
            "benchmark", "queue", "--base", base, "--input", input, "--test", input, "--seeds", "2",
            "--rows-per-round", "10", "--limit", "40", "--strategy", "margin", "--strategy", "queue",
            "--output", scratch.path("queue.md"), "--chart", scratch.path("curves.svg"), "--name", "tiny",
            "--peft", try scratch.write("peft.jsonl", "{\"epoch\": 4, \"rows\": 600, \"accuracy\": 0.75}\n"),
        ])
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.lines.first == "rows\trandom\tmargin\tqueue")
        #expect(outcome.lines.count == 6)
        #expect(outcome.lines.dropFirst().dropLast().map { String($0.prefix(2)) } == ["10", "20", "30", "40"])
        let ratios = (outcome.objects.last ?? nil)?["rows_of_random_order"] as? [String: [Any]]
        #expect(ratios?.keys.sorted() == ["margin", "queue", "random"])
        #expect(ratios?["random"]?.count == 3)
        let section = try scratch.text("queue.md")
        #expect(section.hasPrefix("## What to label next: `tiny`\n") && section.contains("](images/curves.svg)"))
        #expect(section.contains("PEFT, trained on 600 rows: 75.0 %"))
        HTMLCheck.expectGoodSVG(try scratch.text("curves.svg"))
    }
}
