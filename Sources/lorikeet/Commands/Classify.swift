import ArgumentParser
import BERT
import JSON
import Reports

/// `lorikeet classify`: labels texts, no daemon.
struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Label texts with adapters from folders, a JSON object a line.",
        discussion: """
            One line a text: {"label":…,"score":…,"scores":{…}}, of a multi-label task
            {"labels":[…],"score":…,"scores":{…}}. With several adapters
            it is {"NAME":{…},…}, by the task or folder name of each. Lines of standard
            input are answered as they arrive.

            EXAMPLES
              echo 'a game of chess' | lorikeet classify \\
                  --base models/all-MiniLM-L6-v2 --adapter adapters/section
              lorikeet classify --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --adapter adapters/role \\
                  --input texts.jsonl | jq -r '.section.label + " " + .role.label'
              lorikeet classify --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --input test.tsv --logits
            """)

    @OptionGroup var baseOptions: BaseOptions

    @Option(
        name: .customLong("adapter"),
        help: ArgumentHelp("An adapter in PEFT's format; may be given several times.", valueName: "dir"),
        completion: .directory)
    var adapters: [String]

    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var length: LengthOptions
    @OptionGroup var input: InputOptions

    @Flag(help: "Add the logits, in the order of the labels.")
    var logits = false

    @Flag(help: "Add the text itself.")
    var text = false

    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        guard !adapters.isEmpty else { throw ValidationError("at least one --adapter is needed") }
        guard labelOptions.labels.isEmpty || adapters.count == 1 else {
            throw ValidationError("--labels names the labels of one adapter: give one --adapter")
        }
    }

    func run() throws {
        let (base, tokenizer) = try baseOptions.load()
        let maxTokens = try length.checked(against: base)
        let named = try AdapterFolder.load(adapters, base: base, naming: labelOptions.names)
        let everyAdapter = Array(named.indices)
        let inference = ParallelInference(base: base, workers: workerOptions.count)
        try input.forEachBatch(title: "classifying") { texts in
            let results = inference.logits(
                count: texts.count, adapters: named.map(\.adapter), assignments: { _ in everyAdapter },
                sequence: { tokenizer.encode(texts[$0], maxTokens: maxTokens) })
            for (text, result) in zip(texts, results) { try StandardOutput.shared.line(line(text, result, named).text) }
        }
    }

    private func line(_ text: String, _ results: [[Float]], _ named: [NamedAdapter]) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = self.text ? [("text", .string(text))] : []
        let answers = zip(named, results).map { (key: $0.name, members: answer($1, of: $0.adapter)) }
        if answers.count == 1, let answer = answers.first {
            members += answer.members
        } else {
            members += answers.map { ($0.key, .object($0.members)) }
        }
        return .object(members)
    }

    private func answer(_ logits: [Float], of adapter: Adapter) -> [(key: String, value: JSONValue)] {
        let answer = adapter.answer(logits)
        let said: [(key: String, value: JSONValue)] =
            adapter.manifest.isMultiLabel
            ? [("labels", .array(answer.chosen.map { .string(adapter.labels[$0]) }))]
            : [("label", .string(adapter.labels[answer.best]))]
        var members: [(key: String, value: JSONValue)] =
            said + [
                ("score", .float(Float(answer.score))),
                ("scores", .object(zip(adapter.labels, answer.scores).map { ($0, .float(Float($1))) })),
            ]
        if self.logits { members.append(("logits", .array(logits.map { .float($0) }))) }
        return members
    }
}
