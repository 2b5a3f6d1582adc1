import BERT
import Testing

@testable import Pipelines

/// Reads a pipeline whose task `urgency` has these keys, each on a line of its own from line 6 on.
private func read(_ keys: String...) -> (PipelineConfiguration?, [String]) {
    let text =
        """
        name: tickets
        base: models/base
        source: { kafka: { brokers: "localhost:9092", topics: [t], group: g } }
        tasks:
          urgency:

        """ + keys.map { "    \($0)\n" }.joined() + "sink: { postgres: \"host=/nowhere\" }\n"
    let environment = PipelineEnvironment(variables: [:], workingDirectory: "/nowhere")
    let problems = ProblemCollector(file: "p.yaml")
    let configuration = PipelineFile.parse(text, file: "p.yaml", environment: environment, problems: problems)
    return (configuration, problems.error?.problems.map(\.description) ?? [])
}

@Test func renameMergeAndRetireAreOneMapping() throws {
    let (configuration, problems) = read(
        "labels: [low, high, caf\u{E9}]", "rename: { Urgent: high, \" cafe\u{301} bar \": cafe\u{301} }",
        "merge: { high: [critical, blocker] }", "retire: [obsolete]")
    #expect(problems == [])
    let mapping = try #require(configuration?.task("urgency")?.mapping)
    #expect(mapping.retired == ["obsolete"])
    #expect(
        mapping.targets == ["Urgent": "high", "caf\u{E9} bar": "caf\u{E9}", "critical": "high", "blocker": "high"])
    #expect(configuration?.task("urgency")?.form.mapping == mapping)
    #expect(try #require(read("labels: [a, b]").0?.task("urgency")).mapping.isEmpty)
    #expect(try #require(read("labels: [a, b]", "retire: []").0?.task("urgency")).mapping.isEmpty)
}

@Test func aTargetMustBeALabelOfTheTask() {
    #expect(
        read("labels: [low, high]", "rename: { urgent: hgih }").1 == [
            "p.yaml:7: tasks.urgency.rename.urgent: the task has no label hgih (did you mean high?)"
        ])
    #expect(
        read("labels: [low, high]", "merge:", "  severe:", "    - urgent").1 == [
            "p.yaml:9: tasks.urgency.merge.severe[0]: the task has no label severe (known: low, high)"
        ])
}

@Test func whatIsMappedIsNoLabelOfTheTask() {
    let advice = "is still one of the task's labels; take it out of labels, or out of here"
    #expect(
        read("labels: [low, high, urgent]", "rename: { urgent: high }", "retire: [low]").1 == [
            "p.yaml:7: tasks.urgency.rename.urgent: urgent \(advice)",
            "p.yaml:8: tasks.urgency.retire[0]: low \(advice)",
        ])
    #expect(
        read("labels: [low, high]", "merge: { high: [high, urgent] }").1 == [
            "p.yaml:7: tasks.urgency.merge.high[0]: high is mapped to itself"
        ])
}

@Test func chainsAndCyclesAreRefused() {
    #expect(
        read("labels: [low, high]", "rename: { blocker: urgent, urgent: high }").1 == [
            "p.yaml:7: tasks.urgency.rename.blocker: urgent is mapped to high itself; "
                + "map blocker to a label that the task has"
        ])
    #expect(
        read("labels: [low, high]", "rename: { a: b, b: a }").1 == [
            "p.yaml:7: tasks.urgency.rename.a: b is mapped to a itself; map a to a label that the task has",
            "p.yaml:7: tasks.urgency.rename.b: a is mapped to b itself; map b to a label that the task has",
        ])
    #expect(
        read("labels: [low, high]", "rename: { a: old }", "retire: [old]").1 == [
            "p.yaml:7: tasks.urgency.rename.a: old is retired itself; map a to a label that the task has"
        ])
}

@Test func aLabelIsMappedOnce() {
    #expect(
        read("labels: [low, high]", "rename: { urgent: high }", "merge: { low: [urgent] }", "retire: [\" urgent\"]").1
            == [
                "p.yaml:8: tasks.urgency.merge.low[0]: urgent is mapped twice; first on line 7",
                "p.yaml:9: tasks.urgency.retire[0]: urgent is mapped twice; first on line 7",
            ])
}

@Test func otherFormsAreRefused() {
    #expect(
        read("labels: [low, high]", "rename: [urgent]", "merge: { high: urgent }", "retire: { old: x }").1 == [
            "p.yaml:7: tasks.urgency.rename: must be a mapping such as { urgent: high }",
            "p.yaml:8: tasks.urgency.merge.high: must be a list of old labels, not a single value",
            "p.yaml:9: tasks.urgency.retire: must be a list of old labels, not a mapping",
        ])
    #expect(
        read("labels: [low, high]", "rename: { \" \": high, old: \" \" }").1 == [
            "p.yaml:7: tasks.urgency.rename. : the key is blank; it must be a label",
            "p.yaml:7: tasks.urgency.rename.old: is blank; it must be a label",
        ])
}
