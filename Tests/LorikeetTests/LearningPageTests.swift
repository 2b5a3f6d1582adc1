import Foundation
import TestSupport
import Testing

/// `scripts/benchmark-learning` with a program that only writes which benchmark it was asked for.
@Suite(.scratch) struct LearningPageTests {
    private static let program = """
        #!/bin/bash
        if [ "$1" = train ]; then exit; fi
        while [ "$1" != --output ]; do
            if [ "$1" = --name ]; then name=$2; fi
            if [ "$1" = benchmark ]; then kind=$2; fi
            if [ "$1" = --peft ]; then peft=$2; fi
            shift
        done
        printf '## %s %s\\n' "$kind" "${name:-}" > "$2" || exit
        if [ "${peft:-}" ]; then cat "$peft" >> "$2"; fi

        """

    private static func run(
        _ scratch: Scratch, _ environment: [String: String] = [:], peft: String? = ""
    ) async throws -> (status: Int32, error: String) {
        let program = try scratch.write("program", Self.program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        let process = Process()
        process.executableURL = BuiltProgram.package.appending(path: "scripts/benchmark-learning")
        process.arguments = [program]
        process.environment = ProcessInfo.processInfo.environment.merging([
            "OUTPUT": scratch.path("docs"), "KEPT": scratch.path("kept"), "DATA": scratch.path("data"),
        ]) { $1 }.merging(environment) { $1 }
        process.environment?["PEFT"] = peft
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try scratch.newFile("stderr")
        let status = try await Program.start(process).status
        return (status, try scratch.text("stderr"))
    }

    private static func add(_ sets: [String], to scratch: Scratch) throws {
        for set in sets {
            let folder = scratch.path("data/\(set)")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for file in ["train", "test"] { try scratch.write("data/\(set)/\(file).tsv", "a\tb\n") }
        }
    }

    private static func headings(_ scratch: Scratch) throws -> [String] {
        try scratch.text("docs/benchmarks-learning.md").split(separator: "\n").filter { $0.hasPrefix("#") }
            .map(String.init)
    }

    @Test func thePageHasASectionPerBenchmarkAndDataSet() async throws {
        let scratch = try Scratch()
        try Self.add(["trec", "clinc150", "ag_news"], to: scratch)
        let (status, error) = try await Self.run(scratch)
        #expect(status == 0, "\(error)")
        #expect(
            try Self.headings(scratch) == [
                "# Learning", "## gate ", "## queue trec", "## queue clinc150", "## review trec", "## drift ag_news",
                "## distillation clinc150",
            ])
        #expect(try !scratch.text("docs/benchmarks-learning.md").contains("absent"))
    }

    /// Of `trec` docs/benchmarks-training.md has the accuracy; of `clinc150` a training of a former run.
    @Test func everyChartHasTheAccuracyOfPEFT() async throws {
        let scratch = try Scratch()
        try Self.add(["trec", "clinc150"], to: scratch)
        try FileManager.default.createDirectory(atPath: scratch.path("kept"), withIntermediateDirectories: true)
        let former = try scratch.write("kept/peft-clinc150.jsonl", "{\"rows\": 7, \"accuracy\": 0.5}\n")
        // One that is older than the rows is not taken.
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: former)
        let (status, error) = try await Self.run(scratch, ["SECTIONS": "queue"], peft: nil)
        #expect(status == 0, "\(error)")
        let page = try scratch.text("docs/benchmarks-learning.md")
        #expect(page.contains("## queue trec\n{\"epoch\": "))
        #expect(page.contains("## queue clinc150\n{\"rows\": 7, \"accuracy\": 0.5}\n"))
    }

    @Test func aChampionOfOnesOwnHasASection() async throws {
        let scratch = try Scratch()
        try Self.add(["clinc150"], to: scratch)
        let flags = "--adapter a --input rows.tsv --test test.tsv --unseen high --name own"
        let (status, error) = try await Self.run(scratch, ["SECTIONS": "distillation", "FORGETTING": flags])
        #expect(status == 0, "\(error)")
        #expect(
            try Self.headings(scratch) == ["# Learning", "## distillation clinc150", "## distillation own"])
    }

    @Test func dataSetsThatAreAbsentAreNamedAndLeftOut() async throws {
        let scratch = try Scratch()
        try Self.add(["trec"], to: scratch)
        let (status, error) = try await Self.run(scratch)
        #expect(status == 0, "\(error)")
        #expect(try Self.headings(scratch) == ["# Learning", "## gate ", "## queue trec", "## review trec"])
        #expect(
            try scratch.text("docs/benchmarks-learning.md").contains(
                "Not measured, because the data set was absent: `clinc150` `ag_news`."))
    }

    @Test func sectionsThatAreNotRunStayAsTheyWere() async throws {
        let scratch = try Scratch()
        try Self.add(["trec"], to: scratch)
        #expect(try await Self.run(scratch).status == 0)
        try scratch.write("kept/queue-trec.md", "## from the last run\n")
        #expect(try await Self.run(scratch, ["SECTIONS": "gate review"]).status == 0)
        #expect(
            try Self.headings(scratch) == ["# Learning", "## gate ", "## from the last run", "## review trec"])
    }

    @Test func sectionsThatWereNeverRunAreNamed() async throws {
        let scratch = try Scratch()
        try Self.add(["trec"], to: scratch)
        let (status, error) = try await Self.run(scratch, ["SECTIONS": "review"])
        #expect(status == 0, "\(error)")
        #expect(try Self.headings(scratch) == ["# Learning", "## review trec"])
        #expect(
            try scratch.text("docs/benchmarks-learning.md").contains(
                "Not measured, because SECTIONS left it out: `gate` `queue-trec`."))
    }

    @Test func aBenchmarkThatFailsLeavesThePageAlone() async throws {
        let scratch = try Scratch()
        try Self.add(["trec"], to: scratch)
        let (status, _) = try await Self.run(scratch, ["REVIEW_FLAGS": "--output /nowhere/review.md"])
        #expect(status != 0)
        #expect(scratch.content("docs") == ["images"])
    }
}
