import Foundation
import TestSupport
import Testing

@testable import Training

/// Rows of JSON: arrays, exports of labelling tools, labels of every kind.
struct JSONRowsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func collect(
        _ name: String, _ content: String, multi isMultiLabel: Bool = false, label: String? = nil, skips: Bool = false
    ) throws -> RowCollection {
        var options = RowOptions()
        (options.isMultiLabel, options.labelColumn, options.skipsBadRows) = (isMultiLabel, label, skips)
        return try LabelledFile.collect(paths: [folder.write(name, content)], options: options)
    }

    private func refusal(_ name: String, _ content: String, multi: Bool = false) throws -> String {
        do {
            _ = try collect(name, content, multi: multi)
            return "accepted"
        } catch let error as DatasetError {
            return error.description.replacingOccurrences(of: folder.path + "/", with: "")
        }
    }

    // MARK: - Forms

    @Test(arguments: ["x.json", "x.jsonl"])
    func anArrayIsRead(name: String) throws {
        let rows = try collect(
            name, "\u{FEFF} [\n {\"text\":\"one\",\n \"label\":\"a\"},\n {\"text\":\"two\",\"label\":\"b\"}\n]\n"
        ).rows
        #expect(rows == [LabelledText(text: "one", label: "a"), LabelledText(text: "two", label: "b")])
        #expect(try collect(name, " [ ] ").rows.isEmpty)
    }

    @Test func objectsMayFollowEachOther() throws {
        let lines = try collect("x.json", "{\"text\":\"one\",\"label\":\"a\"}\n\n{\"text\":\"two\",\"label\":\"b\"}")
        let spread = try collect(
            "y.json", "{\n\"text\":\"one\",\n\"label\":\"a\"\n}\n{\"text\":\"two\",\n\"label\":\"b\"}")
        #expect(lines.rows == spread.rows && lines.rows.map(\.text) == ["one", "two"])
    }

    @Test func badElementsAreNamedByTheirLine() throws {
        let content =
            "[\n{\"text\":\"one\",\"label\":\"a\"},\n\n{\"text\":2,\"label\":\"a\"},\n"
            + "7,{\"text\":\"three\",\"label\":\"b\"}]"
        #expect(try refusal("x.json", content) == "x.json:4: \"text\" is not a string")
        let skipped = try collect("x.json", content, skips: true)
        #expect(skipped.rows.map(\.text) == ["one", "three"])
        #expect(skipped.badRows.map(\.line) == [4, 5] && skipped.badRows.map(\.reason).last == "not a JSON object")
    }

    @Test(arguments: [
        ("[{\"text\":\"one\",\"label\":\"a\"}\n", 2), ("[{\"text\":\"secret\",\"label\":\"a\"},]", 1),
        ("[{\"text\":\"one\",\"label\":\"a\"}]\n\n{}", 3), ("[{\"text\":\"one\",", 1),
    ])
    func aBrokenArrayIsAnErrorAlsoWhereBadRowsAreSkipped(content: String, line: Int) throws {
        let error = DatasetError.badLine(
            file: folder.path + "/x.json", line: line,
            reason: "not JSON; the file is read as one array, since it begins with [")
        #expect(throws: error) { try collect("x.json", content, skips: true) }
    }

    // MARK: - Labels

    @Test func aListOfOneLabelIsALabel() throws {
        let content =
            "{\"text\":\"one\",\"label\":[\"a\"],\"Comments\":[]}\n{\"text\":\"two\",\"label\":[\"b\",\" b\"]}\n"
        #expect(try collect("x.jsonl", content).rows.map(\.labels) == [["a"], ["b"]])
        #expect(try collect("x.jsonl", content, multi: true).rows.map(\.labels) == [["a"], ["b"]])
    }

    @Test func listsAreSetsOfAMultiLabelTask() throws {
        let content =
            "{\"text\":\"one\",\"label\":[\"a\",\"b\"]}\n{\"text\":\"two\",\"label\":[]}\n"
            + "{\"text\":\"three\",\"label\":[1,true]}\n"
        #expect(try collect("x.jsonl", content, multi: true).rows.map(\.labels) == [["a", "b"], [], ["1", "true"]])
        #expect(try refusal("x.jsonl", content) == "x.jsonl:1: has 2 labels, but each text of this task has one")
        #expect(
            try refusal("x.jsonl", "{\"text\":\"t\",\"label\":[]}")
                == "x.jsonl:1: has no label, but each text of this task has one")
        #expect(
            throws: DatasetError.doubtful(
                file: folder.path + "/x.jsonl", line: 1, reason: "has 2 labels, but each text of this task has one",
                remedy: .multiLabel)
        ) { try collect("x.jsonl", content) }
    }

    @Test(arguments: [
        ("\"label\":0.5", "\"label\" is not a string or a whole number"), ("\"label\":null", "\"label\" is null"),
        (
            "\"label\":9007199254740993",
            "a label is a number with more digits than JSON preserves; write it as a string"
        ),
        ("\"label\":{\"taxonomy\":[]}", "\"label\" is an object without \"choices\""),
        ("\"label\":[[0,3,\"PER\"]]", "labels spans of the text (sequence labelling), but a task labels whole texts"),
        (
            "\"label\":[{\"start\":0,\"end\":3,\"labels\":[\"PER\"]}]",
            "labels spans of the text (sequence labelling), but a task labels whole texts"
        ),
        (
            "\"entities\":[],\"relations\":[]",
            "labels spans of the text (sequence labelling), but a task labels whole texts"
        ),
        ("\"label\":\"a\",\"label\":\"b\"", "\"label\" occurs twice"),
    ])
    func whatIsNoLabelIsNamed(member: String, reason: String) throws {
        #expect(try refusal("x.jsonl", "{\"text\":\"t\",\(member)}") == "x.jsonl:1: \(reason)")
    }

    @Test func aLabelWithNULIsRefused() throws {
        for member in ["\"label\":\"a\\u0000b\"", "\"labels\":[\"a\",\"\\u0000\"]"] {
            let content = "{\"text\":\"t\",\"label\":\"a\"}\n{\"text\":\"u\",\(member)}\n"
            #expect(try refusal("x.jsonl", content, multi: true) == "x.jsonl:2: the label contains U+0000")
            #expect(try collect("x.jsonl", content, multi: true, skips: true).rows.map(\.text) == ["t"])
        }
        #expect(try refusal("x.tsv", "a\tone\nb\u{0}\ttwo\n") == "x.tsv:2: the label contains U+0000")
    }

    @Test func oneOfTwoMembersMayBeNull() throws {
        let content =
            "{\"text\":\"t\",\"label\":null,\"labels\":[\"a\"]}\n{\"text\":\"u\",\"label\":\"b\",\"labels\":null}\n"
        for multi in [false, true] {
            #expect(try collect("x.jsonl", content, multi: multi).rows.map(\.label) == ["a", "b"])
        }
    }

    @Test func halvesOfSurrogatePairsAreReplacedAndCounted() throws {
        let content =
            "{\"text\":\"cut \\ud83d\",\"label\":\"a\"}\n"
            + "{\"text\":\"\\ude00\\ud83d\\u0041\\ud83d\\ude00\",\"label\":\"b\"}\n"
        for (name, text) in [
            ("x.jsonl", content), ("x.json", "[" + content.split(separator: "\n").joined(separator: ",") + "]"),
        ] {
            let rows = try collect(
                name, text + (name == "x.json" ? "" : "{\"text\":\"whole \\ud83d\\ude00\",\"label\":\"a\"}\n"))
            #expect(rows.rows.prefix(2).map(\.text) == ["cut \u{FFFD}", "\u{FFFD}\u{FFFD}A\u{1F600}"])
            #expect(rows.replacedSurrogates == 2)
        }
        let report = try PreparedRows(
            training: try collect("x.jsonl", content), validation: nil, holdOut: HoldOut(percentage: 0)
        ).report
        #expect(report.lines.contains("training: 2 rows with half of a surrogate pair in JSON, read as U+FFFD"))
    }

    // MARK: - Label Studio

    @Test func choicesInCSVAreLabels() throws {
        let content = """
            annotation_id,text,label
            1,one,a
            2,two,"{""choices"": [""a"", ""urgent""]}"
            3,three,"[""b""]"
            4,four,[draft]

            """
        #expect(
            try collect("x.csv", content, multi: true).rows.map(\.labels) == [
                ["a"], ["a", "urgent"], ["b"], ["[draft]"],
            ])
        #expect(try refusal("x.csv", content) == "x.csv:3: has 2 labels, but each text of this task has one")
        #expect(
            try refusal("x.csv", "text,label\none,\"['a', 'b']\"\n", multi: true).hasSuffix(
                "as Python prints it, not JSON"))
    }

    private func task(_ text: String, _ annotations: String...) -> String {
        "{\"id\":1,\"data\":{\"text\":\"\(text)\"}"
            + ",\"annotations\":[\(annotations.joined(separator: ","))],\"predictions\":[]}"
    }

    private func annotation(_ choices: String..., control: String = "mood", more: String = "") -> String {
        let list = choices.map { "\"\($0)\"" }.joined(separator: ",")
        let result = "{\"value\":{\"choices\":[\(list)]},\"from_name\":\"\(control)\",\"type\":\"choices\"}"
        return "{\"result\":[\(choices.isEmpty ? "" : result)]\(more)}"
    }

    @Test func tasksGiveARowPerAnnotationTheNewestLast() throws {
        let content =
            "["
            + [
                task("one", annotation("a")),
                task("two", annotation("b", more: ",\"was_cancelled\":true"), annotation("a")),
                task(
                    "three", annotation("b", more: ",\"updated_at\":\"2025-02-01\""),
                    annotation("a", more: ",\"updated_at\":\"2025-01-01\"")),
            ].joined(separator: ",\n") + "]"
        #expect(
            try collect("x.json", content).rows.map { [$0.text, $0.label] } == [
                ["one", "a"], ["two", "a"], ["three", "a"], ["three", "b"],
            ])
    }

    /// As strings, the earlier time of each pair would be the later one.
    @Test(arguments: [
        ("2025-01-01T12:00:00Z", "2025-01-01T12:00:00.5Z"), ("2025-01-01T13:00:00+02:00", "2025-01-01T12:00:00Z"),
    ])
    func theNewestAnnotationIsLastInAnyForm(_ first: String, _ last: String) throws {
        let content =
            "["
            + task(
                "one", annotation("b", more: ",\"updated_at\":\"\(last)\""),
                annotation("a", more: ",\"updated_at\":\"\(first)\"")) + "]"
        #expect(try collect("x.json", content).rows.map(\.label) == ["a", "b"])
    }

    @Test func tasksWithoutAnAnnotationAreNamed() throws {
        let good = task("one", annotation("a"))
        for other in [
            task("two"), task("two", annotation("a", more: ",\"was_cancelled\":true")),
            "{\"data\":{\"text\":\"two\"},\"predictions\":[\(annotation("a"))]}",
        ] {
            let content = "[\(good),\n\(other)]"
            #expect(
                try refusal("x.json", content) == "x.json:2: has no annotation: the task was skipped, or only predicted"
            )
            #expect(try collect("x.json", content, skips: true).rows.map(\.text) == ["one"])
        }
        #expect(try collect("x.json", "[" + task("one", annotation()) + "]", multi: true).rows.map(\.labels) == [[]])
    }

    @Test func oneControlGivesTheLabels() throws {
        let content = "[" + task("one", annotation("a")) + ",\n" + task("two", annotation("z", control: "topic")) + "]"
        #expect(try refusal("x.json", content) == "x.json:2: \"mood\" and \"topic\" are both controls with choices")
        #expect(try collect("x.json", content, multi: true, label: "topic").rows.map(\.labels) == [[], ["z"]])
        let spans = "{\"result\":[{\"value\":{\"start\":0,\"end\":2,\"labels\":[\"x\"]},\"type\":\"labels\"}]}"
        #expect(try refusal("x.json", "[" + task("one", spans) + "]").contains("sequence labelling"))
        let both = spans.replacingOccurrences(
            of: "}]}", with: "},{\"value\":{\"choices\":[\"a\"]},\"from_name\":\"mood\",\"type\":\"choices\"}]}")
        #expect(try refusal("x.json", "[" + task("one", both) + "]").contains("sequence labelling"))
        #expect(try collect("x.json", "[" + task("one", both) + "]", label: "mood").rows.map(\.labels) == [["a"]])
        let named = spans.replacingOccurrences(of: "\"type\"", with: "\"from_name\":\"parts\",\"type\"")
        #expect(throws: DatasetError.self) {
            try collect("x.json", "[" + task("one", named) + "]", multi: true, label: "parts")
        }
        let rating = "{\"result\":[{\"value\":{\"rating\":4},\"type\":\"rating\"}]}"
        #expect(
            try refusal("x.json", "[" + task("one", rating) + "]")
                == "x.json:1: is annotated by \"rating\"; only choices are labels")
    }

    @Test func flatExportsAreRowsWithChoices() throws {
        let content =
            "[{\"text\":\"one\",\"id\":1,\"mood\":\"a\"}"
            + ",{\"text\":\"two\",\"mood\":{\"choices\":[\"a\",\"b\"]},\"id\":2}]"
        #expect(try collect("x.json", content, multi: true, label: "mood").rows.map(\.labels) == [["a"], ["a", "b"]])
        #expect(try refusal("x.json", content) == "x.json:1: \"label\" is missing")
        #expect(
            try collect("x.json", "[{\"data\":{\"review\":\"one\"},\"annotations\":[\(annotation("a"))]}]", skips: true)
                .rows.isEmpty)
    }
}
