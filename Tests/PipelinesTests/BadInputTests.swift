import Foundation
import TestSupport
import Testing

@testable import Pipelines

/// Files that are wrong as texts, and the places that are named.
struct BadInputTests {
    private static let environment = PipelineEnvironment(variables: [:], workingDirectory: "/nowhere")

    /// `LINE:COLUMN: key: message` of each problem.
    private func problems(_ text: String, variables: [String: String] = [:]) -> [String] {
        let problems = ProblemCollector(file: "p.yaml")
        let environment = PipelineEnvironment(variables: variables, workingDirectory: "/nowhere")
        _ = PipelineFile.parse(text, file: "p.yaml", environment: environment, problems: problems)
        return problems.error?.problems.map(Self.words) ?? []
    }

    private static func words(_ problem: ConfigurationProblem) -> String {
        let place = [problem.line, problem.column].compactMap { $0.map(String.init) }.joined(separator: ":")
        return [place, problem.key, problem.message].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
    }

    private static let good = """
        name: packages
        base: models/base
        source:
          kafka: { brokers: "localhost:9092", topics: [packages], group: readers }
        tasks:
          section: { labels: [admin, devel, games] }
        sink: { postgres: "postgresql://localhost/texts" }

        """

    @Test func problemsNameTheColumnOfTheirKey() {
        let text = Self.good.replacing("group: readers", with: "groop: readers, properties: { group.id: x }")
            .replacing("[admin, devel, games]", with: "[admin, \"\", games]")
        #expect(
            problems(text) == [
                "4:59: source.kafka.groop: unknown key (did you mean group?)",
                "4:3: source.kafka.group: is missing: the consumer group",
                "4:89: source.kafka.properties.group.id: is set by Lorikeet: use source.kafka.group",
                "6:30: tasks.section.labels[1]: is empty; it must be a label",
            ])
    }

    @Test func columnsCountCharacters() {
        let text = Self.good.replacing(
            "section: { labels: [admin, devel, games] }", with: "\"größe 大\": { labels: [ä, 😀], lables: 1 }")
        #expect(
            problems(text) == [
                "6:3: tasks.größe 大: a task name must have no blanks or control characters, "
                    + "and at most 200 characters"
            ])
        let spaced = Self.good.replacing("[admin, devel, games]", with: "[größe, 😀], retire: [ä], lables: 1")
        #expect(problems(spaced).first == "6:47: tasks.section.lables: unknown key (did you mean labels?)")
    }

    @Test func anErrorOfSyntaxHidesNoOtherProblem() {
        let text = """
            nmae: packages
            base: models/base
            source:
              kafka: { brokers: "localhost:9092", topics: [packages], group: readers
              start: yesterday
            tasks:
              section: { labels: [admin, devel], abstain_below: 2 }
            sink: { postgres: ${DATABASE_URL} }
            retrain:
            \tevery: 6h
            examples:
              - { text: a, task: sektion, label: admin }
            dtype: in8

            """
        let found = problems(text)
        #expect(found.contains("1:1: nmae: unknown key (did you mean name?)"), "\(found)")
        #expect(found.contains { $0.hasPrefix("5:8: not valid YAML: ") }, "\(found)")
        #expect(
            found.contains("7:38: tasks.section.abstain_below: must be a number from 0 to 1; \"2\" is not"), "\(found)")
        #expect(
            found.contains { $0.hasPrefix("8:20: not valid YAML: ") && $0.hasSuffix("in double quotes)") }, "\(found)")
        #expect(found.contains { $0.hasPrefix("10:1: not valid YAML: ") && $0.contains("not with tabs") }, "\(found)")
        #expect(
            found.contains("12:16: examples[0].task: there is no task sektion under tasks (did you mean section?)"),
            "\(found)")
        #expect(found.contains { $0.hasPrefix("13:1: dtype: ") && $0.hasSuffix("(did you mean int8?)") }, "\(found)")
        #expect(found.count == 7, "\(found)")
    }

    /// What cannot be parsed is not missing.
    @Test(arguments: ["sink: { postgres: x", "tasks: { a: { labels: [a, b }", "name: \"a"])
    func aKeyThatCannotBeParsedIsNotMissing(line: String) {
        let key = line.prefix { $0 != ":" }
        var lines = Self.good.split(separator: "\n").map(String.init)
        lines.removeAll { $0.hasPrefix(key) || key == "tasks" && $0.hasPrefix("  section") }
        lines.append(line)
        let found = problems(lines.joined(separator: "\n") + "\n")
        #expect(found.count == 1 && found[0].contains("not valid YAML"), "\(found)")
    }

    /// The whole file is not valid, but each of its parts is.
    @Test func anAliasAcrossKeysIsNotUndefined() {
        let text = """
            name: &name packages
            base: models/base
            source:
              kafka: { brokers: "localhost:9092", topics: [*name], group: *name }
            tasks: { section: { labels: [admin, devel] }
            sink: { postgres: "postgresql://localhost/texts" }

            """
        let found = problems(text)
        #expect(found.count == 1 && found[0].contains("not valid YAML"), "\(found)")
    }

    @Test func anchorsAreReadAndMergeKeysRefused() {
        let anchored = Self.good.replacing(
            "topics: [packages], group: readers", with: "topics: [&t packages], group: *t")
        #expect(problems(anchored) == [])
        let merged = Self.good.replacing(
            "section: { labels: [admin, devel, games] }",
            with: "section: &task { labels: [admin, devel, games] }\n  role:\n    <<: *task\n    abstain_below: 0.5")
        #expect(
            problems(merged) == [
                "8:5: tasks.role: merge keys (<<) are not supported: "
                    + "write the keys here, or give the whole value by an alias"
            ])
        // In quotes it is a key like any other.
        let quoted = Self.good.replacing("labels: [admin", with: "\"<<\": 1, labels: [admin")
        #expect(problems(quoted).first?.hasPrefix("6:14: tasks.section.<<: unknown key") == true)
    }

    @Test func keysGivenTwiceNameBothPlaces() {
        let text = Self.good + "name: again\n"
        #expect(problems(text) == ["8:1: name: is given twice; first on line 1"])
        let inner = Self.good.replacing("group: readers", with: "group: readers, group: others")
        #expect(problems(inner) == ["4:75: source.kafka.group: is given twice; first on line 4"])
    }

    @Test func aByteOrderMarkAndWindowsLineEndsAreNothingSpecial() {
        #expect(problems("\u{FEFF}" + Self.good) == [])
        #expect(problems(Self.good.replacing("\n", with: "\r\n")) == [])
        let wrong = "\u{FEFF}" + Self.good.replacing("name: packages", with: "nane: packages")
        #expect(problems(wrong.replacing("\n", with: "\r\n")).contains("1:1: nane: unknown key (did you mean name?)"))
    }

    @Test func valuesFromOutsideAreNotGuessedAt() {
        let text = Self.good + "dtype: ${TYPE}\nunrouted: ${TYPE}\n"
        let found = problems(text, variables: ["TYPE": "int88"])
        #expect(found.count == 2 && found.allSatisfy { $0.hasSuffix("; its value is not") }, "\(found)")
    }

    @Test(arguments: [
        (Data(), "is empty"), (Data("\n\n# nothing\n".utf8), "is empty"), (Data("---\n".utf8), "is empty or nothing"),
        (Data([0x6E, 0xFF, 0xFE]), "is not UTF-8"), (Data([UInt8](repeating: 0, count: 4096)), "not valid YAML"),
        (Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }), "is not UTF-8"),
        (Data(repeating: UInt8(ascii: "a"), count: 10_000_000), "is larger than 1 MiB"),
        (Data("%YAML 3.0\n---\nname: a\n".utf8), "not valid YAML"),
        (Data("name: a\n...\n---\nbase: b\n".utf8), "another document"),
        (Data("? [complex, key]\n: value\n".utf8), "a key must be a string"),
        (Data(String(repeating: "{a: ", count: 50_000).utf8), "not valid YAML"),
        (Data("just words\n".utf8), "must be a mapping that begins with"),
    ])
    func aFileThatIsNoPipelineFileIsOneProblem(content: Data, message: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/p.yaml"
        try content.write(to: URL(fileURLWithPath: path))
        let problems = PipelineFile.review(path: path, environment: Self.environment).problems
        let words = problems.map(\.message)
        if message == "is empty or nothing" {
            #expect(!words.isEmpty)
        } else {
            #expect(words.contains { $0.contains(message) }, "\(words.prefix(3))")
        }
        #expect(problems.allSatisfy { $0.file == path })
        #expect(throws: ConfigurationError.self) { try PipelineFile.read(path: path, environment: Self.environment) }
    }

    @Test func aFileThatDisappearsAndADeviceAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/p.yaml"
        try folder.write("p.yaml", Self.good)
        #expect(PipelineFile.review(path: path, environment: Self.environment).problems.isEmpty)
        try FileManager.default.removeItem(atPath: path)
        #expect(
            PipelineFile.review(path: path, environment: Self.environment).problems.map(\.message) == ["no such file"])
        // It has no end.
        #expect(
            PipelineFile.review(path: "/dev/zero", environment: Self.environment).problems.map(\.message)
                == ["is a folder or a device, not a pipeline file"])
    }

    @Test func aReviewSaysWhatCanBeReliedOn() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "p.yaml",
            Self.good.replacing("labels: [admin", with: "lables: [admin").replacing("group: readers", with: "group:")
        )
        let review = PipelineFile.review(path: folder.path + "/p.yaml", environment: Self.environment)
        #expect(review.problems.count == 3)
        for key in ["name", "base", "dtype", "sink", "sink.postgres", "source.kafka.topics", "tasks.role"] {
            #expect(review.isRight(key), "\(key)")
        }
        for key in ["source", "source.kafka", "source.kafka.group", "tasks", "tasks.section", "tasks.section.labels"] {
            #expect(!review.isRight(key), "\(key)")
        }
        #expect(review.configuration.name == "packages" && review.configuration.base == "/nowhere/models/base")
        let broken = Self.good.replacing("labels: [admin, devel, games]", with: "labels: [admin")
        try folder.write("p.yaml", broken)
        let partial = PipelineFile.review(path: folder.path + "/p.yaml", environment: Self.environment)
        #expect(partial.isRight("base") && partial.isRight("source") && !partial.isRight("tasks"))
        #expect(!PipelineFile.review(path: "/none.yaml", environment: Self.environment).isRight("base"))
    }
}
