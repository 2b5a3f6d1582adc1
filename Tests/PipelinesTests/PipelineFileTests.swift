import BERT
import Foundation
import Retraining
import TestSupport
import Testing
import Training

@testable import JSON
@testable import Pipelines

/// Reads `text` as `p.yaml`; without touching the disk, and with no variable but those given.
private func read(
    _ text: String, variables: [String: String] = [:], credentials: String? = nil
) -> (PipelineConfiguration?, [String]) {
    let environment = PipelineEnvironment(
        variables: variables, credentialsDirectory: credentials, workingDirectory: "/nowhere")
    let problems = ProblemCollector(file: "p.yaml")
    let configuration = PipelineFile.parse(text, file: "p.yaml", environment: environment, problems: problems)
    return (configuration, problems.error?.problems.map(\.description) ?? [])
}

/// Line 1 to 9 of a file that is right.
private let good = """
    name: packages
    base: models/base
    source:
      kafka: { brokers: "localhost:9092", topics: [packages], group: readers }
      text: /description
    tasks:
      section: { labels: [admin, devel, games] }
      role: { labels: [program, library] }
    sink: { postgres: "postgresql://localhost/texts" }

    """

/// A file that has nearly every key.
private let complete = """
    name: packages
    base: models/all-MiniLM-L6-v2
    source:
      kafka: { brokers: "${KAFKA_BROKERS}", topics: [packages, more], group: lorikeet-packages, \
      properties: { fetch.wait.max.ms: 50 } }
      text: /description
    routes:
      - tasks: [section]
      - when: { json: { /kind: program, /size: 7, /essential: true }, topic: more, \
        header: { lang: en, trace: }, key_prefix: lib }
        tasks: [role]
    unrouted: drop
    tasks:
      section: { labels: [admin, devel, games], abstain_below: 0.5 }
      role:    { labels: [program, library], adapter: adapters/role, none_of_these: 2.5 }
    batch: { tokens: 1_024, delay: 50ms, max_tokens: 128 }
    sink: { postgres: "${DATABASE_URL}", store_text: false }
    retrain: { every: 6h, minimum_new_rows: 300, minimum_gain: 0.01, minimum_hold_out: 30, \
      epochs: 2, rank: 4, layers: [3, 4, 5], rate: 5e-4 }
    examples:
      - { text: "a game of chess", task: section, label: games }
    """

@Test(arguments: [
    ("", LongTexts()), ("window: 128", LongTexts(window: 128, stride: 96)),
    (
        "window: 512, stride: 512, pool: max, maximum_windows: 3",
        LongTexts(window: 512, stride: 512, pool: .max, maximumWindows: 3)
    ),
    ("pool: first", LongTexts(pool: .first)),
])
func windowsOfATaskAreRead(keys: String, expected: LongTexts) {
    let lines = good.replacing("games] }", with: "games], long_texts: { \(keys) } }")
    let (configuration, problems) = read(lines)
    #expect(problems == [])
    #expect(configuration?.task("section")?.longTexts == expected && configuration?.task("role")?.longTexts == nil)
}

@Test func everyKeyIsRead() throws {
    let (configuration, problems) = read(
        complete, variables: ["KAFKA_BROKERS": "a:1,b:2", "DATABASE_URL": "postgresql://u:secret@h/d"])
    #expect(problems == [])
    let pipeline = try #require(configuration)
    #expect(pipeline.name == "packages")
    #expect(pipeline.base == "/nowhere/models/all-MiniLM-L6-v2")
    #expect(pipeline.source.brokers == "a:1,b:2")
    #expect(pipeline.source.topics == ["packages", "more"])
    #expect(pipeline.source.properties["fetch.wait.max.ms"]?.value == "50")
    #expect(pipeline.source.text.map(\.description) == ["/description"])
    #expect(pipeline.unrouted == .drop)
    #expect(pipeline.routes.map(\.tasks) == [["section"], ["role"]])
    let pointers = try ["/kind", "/size", "/essential"].map { try JSONPointer($0) }
    #expect(
        pipeline.routes[1].conditions == [
            .topic("more"), .header(name: "lang", value: "en"), .header(name: "trace", value: nil), .keyPrefix("lib"),
            .json(pointer: pointers[0], value: .string("program")), .json(pointer: pointers[1], value: .number(7)),
            .json(pointer: pointers[2], value: .boolean(true)),
        ])
    #expect(pipeline.task("section")?.abstention == .below(0.5))
    #expect(pipeline.task("role")?.noneOfThese == .beyond(2.5) && pipeline.task("section")?.noneOfThese == nil)
    #expect(pipeline.task("role")?.adapter == "/nowhere/adapters/role")
    #expect(
        pipeline.batch.tokens == 1024 && pipeline.batch.delay == .milliseconds(50) && pipeline.batch.maxTokens == 128)
    #expect(pipeline.sink.postgres.value == "postgresql://u:secret@h/d" && !pipeline.sink.storeText)
    #expect(pipeline.retrain?.every == .seconds(21600) && pipeline.retrain?.training.layers == [3, 4, 5])
    let training = try #require(pipeline.retrain?.training)
    #expect(training.rank == 4 && training.alpha == 16 && training.learningRate == 5e-4)
    #expect(
        pipeline.examples == [
            ExampleConfiguration(text: "a game of chess", task: "section", labels: ["games"], line: 18)
        ])
    #expect(!String(reflecting: pipeline).contains("secret"))
    #expect(pipeline.problem(at: "tasks.role.adapter", "no").description == "p.yaml:13: tasks.role.adapter: no")
}

@Test func everySettingOfATrainingIsAKey() throws {
    let (configuration, problems) = read(
        good + """

            retrain:
              { rslora: true, bias: lora_only, initialization: gaussian, steps: 500, accumulation: 2,
                lora_plus_ratio: 16, schedule: cosine, clip: 0.5 }
            """)
    #expect(problems == [])
    let settings = try #require(configuration?.retrain).trainingSettings(maxTokens: 64)
    #expect(settings.usesRSLoRA && settings.bias == .loraOnly && settings.initialization == .gaussian)
    #expect(settings.steps == 500 && settings.accumulation == 2 && settings.loraPlusRatio == 16)
    #expect(settings.schedule == .cosine && settings.clipping == 0.5 && settings.maxTokens == 64)
    #expect(settings.recipe == .auto && settings.given.isSuperset(of: ["steps", "clip"]))
    #expect(!settings.given.contains("rate"))
    var defaults = TrainingSettings.automatic
    defaults.maxTokens = 64
    // The gate's hold-out decides about a challenger; none of its rows choose an epoch.
    defaults.epochSelection = .last
    #expect(RetrainConfiguration().trainingSettings(maxTokens: 64) == defaults)
}

@Test func aRecipeIsChosenByName() throws {
    let (configuration, problems) = read(good + "\nretrain: { recipe: fixed, rate: 5e-4, patience: 2 }")
    #expect(problems == [])
    let training = try #require(configuration?.retrain?.training)
    #expect(training.recipe == .fixed && training.given == ["recipe", "rate", "patience", "keep"])
    let wrong = read(good + "\nretrain: { recipe: best }").1
    #expect(wrong.count == 1 && wrong.first?.contains("retrain.recipe") == true, "\(wrong)")
}

@Test func rowsToLearnFromAreRead() throws {
    let (configuration, problems) = read(
        good + """

            retrain:
              query: "SELECT body AS text, kind AS label, seen AS time FROM tickets WHERE task = $1"
              since: 730d
              trust: { kim: 1, crowd: 0.5, "the bot": 0 }
              maximum_rows: 5000
            """)
    #expect(problems == [])
    let retrain = try #require(configuration?.retrain)
    #expect(retrain.query == "SELECT body AS text, kind AS label, seen AS time FROM tickets WHERE task = $1")
    #expect(retrain.since == .seconds(730 * 86400) && retrain.maximumRows == 5000)
    #expect(retrain.trust == ["kim": 1, "crowd": 0.5, "the bot": 0])
    #expect(RetrainConfiguration().query == nil && RetrainConfiguration().trust.isEmpty)
}

@Test func everySettingOfTheGateIsAKey() throws {
    let (configuration, problems) = read(
        good + """

            retrain:
              minimum_hold_out: 40
              minimum_gain: 0.02
              gate: { rule: not_worse, confidence: 0.9, margin: 0.03, label_floor: 0.1, minimum_per_label: 5,
                      unusable_rows: 0.1, unknown_training_rows: allow, approve: person }
            """)
    #expect(problems == [])
    var expected = GateSettings()
    (expected.rule, expected.confidence, expected.margin) = (.notWorse, 0.9, 0.03)
    (expected.labelFloor, expected.minimumPerLabel, expected.unusableRows) = (0.1, 5, 0.1)
    (expected.unknownTrainingRows, expected.approve) = (.allow, .person)
    (expected.minimumHoldOut, expected.minimumGain) = (40, 0.02)
    #expect(configuration?.retrain?.gate == expected)
    #expect(RetrainConfiguration().gate == GateSettings())
}

@Test func wrongSettingsOfTheGateAreNamed() throws {
    let (_, problems) = read(
        good + """

            retrain:
              gate: { rule: best, confidence: 2, label_flor: 0.1, minimum_per_label: 0 }
            """)
    #expect(problems.count == 4)
    for (problem, key) in zip(problems, ["rule", "confidence", "label_flor", "minimum_per_label"]) {
        #expect(problems.contains { $0.contains("retrain.gate.\(key)") }, "\(problem)")
    }
}

@Test func distillationHasItsKeys() throws {
    let (configuration, problems) = read(
        good + """

            retrain:
              distillation: { use: always, weight: 0.5, temperature: 3, texts: 100 }
            """)
    #expect(problems == [])
    var expected = DistillationPolicy()
    (expected.use, expected.texts) = (.always, 100)
    (expected.settings.weight, expected.settings.temperature) = (0.5, 3)
    #expect(configuration?.retrain?.distillation == expected)
    #expect(RetrainConfiguration().distillation == DistillationPolicy())
    let (_, wrong) = read(
        good + """

            retrain:
              distillation: { use: sometimes, weight: 0, temperature: 0, texts: 0, wait: 4 }
            """)
    #expect(wrong.count == 5)
    for key in ["use", "weight", "temperature", "texts", "wait"] {
        #expect(wrong.contains { $0.contains("retrain.distillation.\(key)") }, "\(wrong)")
    }
}

@Test func absentKeysHaveDefaults() throws {
    let (configuration, problems) = read(good)
    #expect(problems == [])
    let pipeline = try #require(configuration)
    #expect(pipeline.routes.map(\.tasks) == [["section", "role"]])
    #expect(pipeline.unrouted == .reject && pipeline.dtype == .fixed(.float32))
    #expect(pipeline.batch == BatchConfiguration())
    #expect(pipeline.sink.storeText)
    #expect(pipeline.retrain == nil)
}

@Test(arguments: [
    ("float32", PrecisionSetting.fixed(.float32)), ("int8", .fixed(.int8)), ("bfloat16", .fixed(.bfloat16)),
    ("auto", .auto), ("${TYPE}", .fixed(.int8)),
])
func theTypeOfTheBaseIsRead(word: String, setting: PrecisionSetting) throws {
    let (configuration, problems) = read(good + "dtype: \(word)\n", variables: ["TYPE": "int8"])
    #expect(problems == [])
    #expect(configuration?.dtype == setting)
    #expect(PrecisionSetting(rawValue: setting.rawValue) == setting)
}

struct BadFile: Sendable, CustomTestStringConvertible {
    var yaml: String
    var problems: [String]
    var testDescription: String { problems.first ?? "" }

    init(_ yaml: String, _ problems: String...) { (self.yaml, self.problems) = (yaml, problems) }

    /// The good file with one line replaced, or lines added at the end.
    static func line(_ number: Int, _ replacement: String, _ problems: String...) -> BadFile {
        var lines = good.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines[number - 1] = replacement
        var file = BadFile(lines.joined(separator: "\n"))
        file.problems = problems
        return file
    }

    static func also(_ text: String, _ problems: String...) -> BadFile {
        var file = BadFile(good + text + "\n")
        file.problems = problems
        return file
    }
}

private let badFiles: [BadFile] = [
    BadFile("", "p.yaml: is empty"),
    BadFile("# nothing\n", "p.yaml: is empty"),
    BadFile("- a\n- b\n", "p.yaml:1: must be a mapping that begins with name, base, source"),
    BadFile("name: [a\nbase: b\n", "p.yaml:2: not valid YAML: did not find expected ',' or ']'"),
    BadFile(
        "name: a\n\tbase: b\n",
        "p.yaml:2: not valid YAML: found a tab character that violates indentation "
            + "(indent with spaces, not with tabs)"),
    BadFile("name: a\n---\nname: b\n", "p.yaml:2: not valid YAML: but found another document"),
    BadFile("name: a\n---\n", "p.yaml:2: not valid YAML: but found another document"),
    BadFile("name: &a\n  - *a\n", "p.yaml:1: not valid YAML: aliases make it endless or too large"),
    BadFile(
        (0..<20).map { level in
            let alias = level == 0 ? "x" : "*a\(level - 1)"
            return "k\(level): &a\(level) [" + [String](repeating: alias, count: 9).joined(separator: ", ") + "]\n"
        }.joined(),
        "p.yaml:1: not valid YAML: aliases make it endless or too large"),
    BadFile("name: *nobody\n", "p.yaml:1: not valid YAML: found undefined alias"),
    BadFile("name: a\nbase: \u{1}\n", "p.yaml:2: not valid YAML: control characters are not allowed"),
    BadFile(
        "name: x\n", "p.yaml:1: base: is missing: the folder of the base model",
        "p.yaml:1: source: is missing: where texts come from",
        "p.yaml:1: tasks: is missing: the tasks and their labels", "p.yaml:1: sink: is missing: where labels go"),
    .line(1, "name:", "p.yaml:1: name: has no value; it must be a name"),
    .line(1, "name: \"\"", "p.yaml:1: name: is empty; it must be a name"),
    .line(
        1, "name: two words", "p.yaml:1: name: must be a name: no blanks, no control characters, at most 200 characters"
    ),
    .line(1, "name: [a]", "p.yaml:1: name: must be a name, not a list"),
    .line(
        1, "nmae: a", "p.yaml:1: nmae: unknown key (did you mean name?)",
        "p.yaml:1: name: is missing: the pipeline's name, in every row that it writes"),
    .line(
        4, "  kafka: { broker: \"h:1\", topics: packages }",
        "p.yaml:4: source.kafka.broker: unknown key (did you mean brokers?)",
        "p.yaml:4: source.kafka.brokers: is missing: host:port of a broker, several with commas",
        "p.yaml:4: source.kafka.topics: must be a list of topics such as [packages], not a single value",
        "p.yaml:4: source.kafka.group: is missing: the consumer group"),
    .line(
        4, "  kafka: { brokers: \"h:1\", topics: [a, a, \"b c\"], group: g, properties: { group.id: x } }",
        "p.yaml:4: source.kafka.topics[1]: the topic a is listed twice",
        "p.yaml:4: source.kafka.topics[2]: is not a topic name: "
            + "use letters, digits, dots, _ and -, and at most 249 characters",
        "p.yaml:4: source.kafka.properties.group.id: is set by Lorikeet: use source.kafka.group"),
    .line(
        5, "  text: description",
        "p.yaml:5: source.text: must be a JSON Pointer such as /description; leave it out if the payload is the text"
    ),
    .line(
        7, "  section: { labels: [admin] }",
        "p.yaml:7: tasks.section.labels: has one label; a task needs at least two"),
    .line(7, "  section: { labels: [a, b, a] }", "p.yaml:7: tasks.section.labels[2]: the label a is listed twice"),
    .line(7, "  section: { labels: [a, \" a\"] }", "p.yaml:7: tasks.section.labels[1]: the label a is listed twice"),
    .line(
        7, "  section: { labels: [a, b, \" \"] }",
        "p.yaml:7: tasks.section.labels[2]: is blank; it must be a label"),
    .also(
        "retrain: { query: SELECT 1, since: soon, trust: { kim: -1, crowd: much } }",
        "p.yaml:10: retrain.query: does not say which of the 2 tasks a row is for: compare with $1, "
            + "as in WHERE task = $1",
        "p.yaml:10: retrain.since: must be a duration such as 20ms, 1.5s, 10m, 6h or 1h30m; \"soon\" is not",
        "p.yaml:10: retrain.trust.kim: must be a number from 0 to 1000000; \"-1\" is not",
        "p.yaml:10: retrain.trust.crowd: must be a number from 0 to 1000000; \"much\" is not"),
    .also("retrain: { trust: [kim] }", "p.yaml:10: retrain.trust: must be a mapping of annotators to numbers"),
    .also("retrain: { query: \"\" }", "p.yaml:10: retrain.query: is empty; it must be a SELECT"),
    .also("retrain: { since: 1s }", "p.yaml:10: retrain.since: must be from 1m to 36600d"),
    .also("retrain: { alpha: 0 }", "p.yaml:10: retrain.alpha: must be above 0: nothing would be adapted"),
    .line(
        7, "  section: { labels: admin }",
        "p.yaml:7: tasks.section.labels: must be a list of labels, not a single value"),
    .line(7, "  section:", "p.yaml:7: tasks.section: has no value; it must be a mapping (key: value)"),
    .line(
        7, "  section: { labels: [a, b], abstain_below: 1.5, adpater: x }",
        "p.yaml:7: tasks.section.adpater: unknown key (did you mean adapter?)",
        "p.yaml:7: tasks.section.abstain_below: must be a number from 0 to 1; \"1.5\" is not"),
    .line(
        7, "  section: { labels: [a, b], long_texts: { window: 64, stride: 65 } }",
        "p.yaml:7: tasks.section.long_texts.stride: is 65, more than the window of 64: the words between would be in "
            + "no window"),
    .line(
        7, "  section: { labels: [a, b], long_texts: { window: 8, maximum_windows: 0 } }",
        "p.yaml:7: tasks.section.long_texts.window: must be a whole number from 16 to 8192; \"8\" is not",
        "p.yaml:7: tasks.section.long_texts.maximum_windows: must be a whole number from 1 to 1024; \"0\" is not"),
    .line(
        7, "  section: { labels: [a, b], long_texts: { pool: median, size: 9 } }",
        "p.yaml:7: tasks.section.long_texts.size: unknown key (known: window, stride, pool, maximum_windows)",
        "p.yaml:7: tasks.section.long_texts.pool: must be mean or max or first; \"median\" is not"),
    .line(
        7, "  section: { labels: [a, b], long_texts: cut }",
        "p.yaml:7: tasks.section.long_texts: must be a mapping (key: value)"),
    .line(
        7, "  section: { labels: [a, b], none_of_these: far }",
        "p.yaml:7: tasks.section.none_of_these: must be a number from 0 to 1000; \"far\" is not"),
    .line(
        7, "  section: { labels: [a, b], none_of_these: { false_alarms: 0.7 } }",
        "p.yaml:7: tasks.section.none_of_these.false_alarms: must be a number from 0.0001 to 0.5; \"0.7\" is not"),
    .line(
        7, "  section: { labels: [a, b], none_of_these: { } }",
        "p.yaml:7: tasks.section.none_of_these.false_alarms: is missing: the share of usual texts that may get no "
            + "label"),
    .line(8, "  section: { labels: [program, library] }", "p.yaml:8: tasks.section: is given twice; first on line 7"),
    .line(
        9, "sink: { postgres: , store_text: perhaps }",
        "p.yaml:9: sink.postgres: has no value; it must be a connection string",
        "p.yaml:9: sink.store_text: must be true or false; \"perhaps\" is not"),
    .also(
        "batch: { tokens: many, delay: 5 parsecs, max_tokens: 9000 }",
        "p.yaml:10: batch.tokens: must be a whole number from 16 to 65536; \"many\" is not",
        "p.yaml:10: batch.delay: must be a duration such as 20ms, 1.5s, 10m, 6h or 1h30m; \"5 parsecs\" is not",
        "p.yaml:10: batch.max_tokens: must be a whole number from 8 to 8192; \"9000\" is not"),
    .also("batch: { delay: 2h }", "p.yaml:10: batch.delay: must be from 0s to 1m"),
    .also(
        "dtype: float16",
        "p.yaml:10: dtype: must be float32 or int8 or bfloat16 or auto; \"float16\" is not (did you mean bfloat16?)"),
    .also(
        "dtype: INT8",
        "p.yaml:10: dtype: must be float32 or int8 or bfloat16 or auto; \"INT8\" is not (did you mean int8?)"),
    .also("dtype: [int8]", "p.yaml:10: dtype: must be float32 or int8 or bfloat16 or auto, not a list"),
    .also("unrouted: ignore", "p.yaml:10: unrouted: must be reject or drop; \"ignore\" is not"),
    .also("routes: []", "p.yaml:10: routes: is empty; it must be a list of routes, such as - tasks: [section]"),
    .also(
        "routes:\n  - tasks: [sections]\n  - when: { topics: a }\n    tasks: [role]",
        "p.yaml:11: routes[0].tasks[0]: there is no task sections under tasks (did you mean section?)",
        "p.yaml:12: routes[1].when.topics: unknown key (did you mean topic?)",
        "p.yaml:12: routes[1].when: is empty; leave it out for a route that always matches"),
    .also(
        "routes:\n  - when: { json: { kind: a } }\n    tasks: [role]",
        "p.yaml:11: routes[0].when.json.kind: must be a JSON Pointer such as /kind"),
    .also(
        "retrain: { every: never, epochs: 0, layers: some, epoch: 1 }",
        "p.yaml:10: retrain.epoch: unknown key (did you mean epochs?)",
        "p.yaml:10: retrain.every: must be a duration such as 20ms, 1.5s, 10m, 6h or 1h30m; \"never\" is not",
        "p.yaml:10: retrain.layers: must be all, or a list of layers such as [3, 4, 5], not a single value",
        "p.yaml:10: retrain.epochs: must be a whole number from 1 to 1000; \"0\" is not"),
    .also(
        "retrain: { bias: all, initialization: pissa, schedule: stairs, clip: -1, epochs: 2, steps: 7, rslora: yes }",
        "p.yaml:10: retrain.rslora: must be true or false; \"yes\" is not",
        "p.yaml:10: retrain.bias: must be none or lora_only; \"all\" is not",
        "p.yaml:10: retrain.initialization: must be kaiming or gaussian; \"pissa\" is not",
        "p.yaml:10: retrain.schedule: must be linear or cosine or constant; \"stairs\" is not",
        "p.yaml:10: retrain.clip: must be a number from 0 to 1000000; \"-1\" is not",
        "p.yaml:10: retrain.epochs: cannot be combined with steps: give one of them"),
    .also(
        "examples:\n  - { text: x, task: sektion, label: games }\n  - { text: x, task: role, label: programm }\n"
            + "  - { task: role }",
        "p.yaml:11: examples[0].task: there is no task sektion under tasks (did you mean section?)",
        "p.yaml:12: examples[1].label: the task role has no label programm (did you mean program?)",
        "p.yaml:13: examples[2].text: is missing: the text to classify",
        "p.yaml:13: examples[2].label: is missing: the expected label"),
    .also(
        "name: again\nbase: again\nunrouted: x",
        "p.yaml:10: name: is given twice; first on line 1", "p.yaml:11: base: is given twice; first on line 2",
        "p.yaml:12: unrouted: must be reject or drop; \"x\" is not"),
    .line(1, "name: ${LORIKEET_NAME}", "p.yaml:1: name: the environment variable LORIKEET_NAME is not set"),
    .line(
        1, "name: ${1X}",
        "p.yaml:1: name: ${1X} is not a variable: write ${NAME}, ${NAME:-default} or ${credential:NAME}"),
    .line(1, "name: ${X", "p.yaml:1: name: ${ without a closing }; write $${ for a literal ${"),
    .line(
        9, "sink: { postgres: ${DATABASE_URL} }",
        "p.yaml:9: not valid YAML: did not find expected ',' or '}' (put ${…} in double quotes)"),
    .line(
        9, "sink: { postgres: \"${credential:database}\" }",
        "p.yaml:9: sink.postgres: no credential database: CREDENTIALS_DIRECTORY is not set "
            + "(systemd sets it for LoadCredential=)"
    ),
]

@Test(arguments: badFiles)
func aBadFileNamesLineAndKey(file: BadFile) {
    let (configuration, problems) = read(file.yaml)
    #expect(problems == file.problems)
    #expect(configuration == nil)
}

@Test func missingFilesFoldersAndBinaryFilesAreRefused() throws {
    let folder = try TemporaryFolder()
    let binary = folder.path + "/binary.yaml"
    try Data([0x6E, 0xFF, 0xFE]).write(to: URL(fileURLWithPath: binary))
    func message(_ path: String) -> String? {
        do throws(ConfigurationError) {
            _ = try PipelineFile.read(path: path)
            return nil
        } catch {
            return error.description
        }
    }
    #expect(message(folder.path + "/none.yaml") == folder.path + "/none.yaml: no such file")
    #expect(message(folder.path) == folder.path + ": is a folder or a device, not a pipeline file")
    #expect(message(binary) == binary + ": is not UTF-8, so it is not a pipeline file")
}

@Test func deepNestingIsAnErrorNotACrash() {
    let (_, problems) = read("name: " + String(repeating: "[", count: 100_000))
    #expect(problems.count == 1)
}

@Test func everyCutOfAGoodFileIsReadOrRefused() {
    for length in stride(from: 0, to: good.count, by: 3) {
        let (configuration, problems) = read(String(good.prefix(length)))
        #expect((configuration == nil) == !problems.isEmpty)
    }
}

@Test func aRelativePathIsTriedFromTheWorkingDirectoryThenBesideTheFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("work/both/x", "")
    try folder.write("files/both/x", "")
    try folder.write("files/beside/x", "")
    let paths = PathResolution(pipelineFile: "../files/p.yaml", workingDirectory: folder.path + "/work")
    func resolve(_ path: String) -> String { paths.resolve(path).replacing(folder.path, with: "") }
    #expect(resolve("both") == "/work/both")
    #expect(resolve("beside") == "/files/beside")
    #expect(resolve("neither") == "/work/neither")
    #expect(resolve("/etc") == "/etc")
    #expect(resolve("/etc/./x/../ssl/") == "/etc/ssl")
}

// MARK: - When a task is retrained

@Test func timesOfRetrainingsAreRead() throws {
    let (configuration, problems) = read(
        good + """

            retrain:
              { times: "monday, thursday at 03:00", maximum_age: 30d, minimum_promotion_interval: 1d, time_limit: 2h,
                paused: [role], newest_hold_out: 0.2, maximum_looks: 3, minimum_new_rows: 50,
                on_drift: true }
            """)
    #expect(problems == [])
    let retrain = try #require(configuration?.retrain)
    #expect(retrain.times?.text == "monday, thursday at 03:00")
    #expect(retrain.timeLimit == .seconds(7200) && retrain.newestHoldOut == 0.2 && retrain.maximumLooks == 3)
    #expect(retrain.paused.contains("role") && !retrain.paused.contains("section"))
    #expect(retrain.schedule.times == retrain.times && retrain.schedule.maximumAge == .seconds(30 * 86400))
    #expect(retrain.schedule.minimumPromotionInterval == .seconds(86400))
    #expect(retrain.schedule.startsOnDrift)
}

@Test func shadowsAreRead() throws {
    let (configuration, problems) = read(
        good + "\nretrain: { shadow: 24h, shadow_changed_labels: 0.05, shadow_minimum_texts: 500, "
            + "shadow_time_limit: 48h }")
    #expect(problems == [])
    let shadow = try #require(configuration?.retrain?.shadow)
    #expect(shadow.duration == .seconds(86400) && shadow.changedLabels == 0.05 && shadow.minimumTexts == 500)
    #expect(shadow.timeLimit == .seconds(48 * 3600))
    let without = try #require(read(good + "\nretrain: { every: 1h }").0?.retrain?.shadow)
    #expect(without.duration == .zero && without.changedLabels == 0.1 && without.minimumTexts == 200)
    #expect(without.timeLimit == .seconds(7 * 86400))
    // A shadow that is longer than the default needs no limit of its own.
    #expect(read(good + "\nretrain: { shadow: 30d }").1 == [])
}

@Test func aRetrainingIsNotPausedUnlessTheFileSaysSo() throws {
    let retrain = try #require(read(good + "\nretrain: { every: 1h }").0?.retrain)
    #expect(!retrain.schedule.startsOnDrift)
    #expect(retrain.paused == .none && retrain.times == nil && retrain.maximumAge == nil)
    #expect(retrain.schedule.every == .seconds(3600) && retrain.timeLimit == .seconds(6 * 3600))
    #expect(read(good + "\nretrain: { paused: true }").0?.retrain?.paused == .all)
}

@Test(arguments: [
    ("times: daily", "retrain.times: must be times such as hourly at :15"),
    ("times: daily at 25:00", "retrain.times: must be times such as"),
    ("times: daily at 03:00, every: 6h", "retrain.every: is given beside times"),
    ("maximum_age: 1s", "retrain.maximum_age: must be from 1m to 366d"),
    ("on_drift: often", "retrain.on_drift: must be true or false"),
    ("time_limit: 0s", "retrain.time_limit: must be from 1s"),
    ("paused: maybe", "retrain.paused: must be true or false"),
    ("paused: []", "retrain.paused: is empty"),
    ("shadow: tonight", "retrain.shadow: must be a duration"),
    ("shadow: 24h, shadow_changed_labels: 2", "retrain.shadow_changed_labels: must be a number from 0 to 1"),
    ("shadow: 24h, shadow_minimum_texts: 0", "retrain.shadow_minimum_texts: must be a whole number"),
    ("shadow_changed_labels: 0.2", "retrain.shadow_changed_labels: has no effect without shadow"),
    ("shadow_minimum_texts: 5", "retrain.shadow_minimum_texts: has no effect without shadow"),
    ("shadow_time_limit: 48h", "retrain.shadow_time_limit: has no effect without shadow"),
    ("shadow: 24h, shadow_time_limit: 23h", "retrain.shadow_time_limit: must not be shorter than shadow"),
    ("newest_hold_out: 0.6", "retrain.newest_hold_out: must be"),
    ("maximum_looks: 0", "retrain.maximum_looks: must be"),
])
func wrongTimesOfRetrainingsAreRefused(_ keys: String, _ problem: String) {
    let quoted = keys.replacing("times: daily at 03:00", with: "times: \"daily at 03:00\"")
        .replacing("times: daily at 25:00", with: "times: \"daily at 25:00\"")
    let problems = read(good + "\nretrain: { \(quoted) }").1
    #expect(problems.contains { $0.contains(problem) }, "\(problems)")
}
