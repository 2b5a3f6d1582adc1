import ArgumentParser
import BERT
import JSON
import Operations
import Reports
import Threading

/// `lorikeet classify`: labels texts without a daemon.
struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Label texts with adapters from folders.",
        discussion: """
            Prints one JSON object per text: {"label":…,"score":…,"scores":{…}}, or for a
            multi-label task {"labels":[…],"score":…,"scores":{…}}. With several adapters
            each object is {"NAME":{…},…}, where NAME is the task of an adapter, or the
            name of its folder. Lines of standard input are labelled as they arrive.

            If the folder of the adapter has a drift reference, "distance" is how far the
            text is from the nearest label; 1 is usual. With --none-of-these, a text beyond
            the given distance gets the label null.

            A text longer than a window is read in windows if the adapter was trained so,
            or with --long-texts. "windows" is their number, "tokens" the number of the
            text's tokens, and "evidence" the characters of the window that spoke loudest.

            EXAMPLES
              echo 'a game of chess' | lorikeet classify \\
                  --base models/all-MiniLM-L6-v2 --adapter adapters/section
              lorikeet classify --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --adapter adapters/role \\
                  --input texts.jsonl | jq -r '.section.label + " " + .role.label'
              lorikeet classify --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --input test.tsv --logits
              lorikeet classify --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/section --input test.tsv --none-of-these 1%
            """)

    @OptionGroup var baseOptions: BaseOptions

    @Option(
        name: .customLong("adapter"),
        help: ArgumentHelp("An adapter folder in PEFT's format; repeat it for several.", valueName: "dir"),
        completion: .directory)
    var adapters: [String]

    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var noneOfTheseOption: NoneOfTheseOption
    @OptionGroup var length: LengthOptions
    @OptionGroup var longTextsOption: LongTextsOption
    @OptionGroup var input: InputOptions

    @Flag(help: "Print the logits too, in the order of the labels.")
    var logits = false

    @Flag(help: "Print the text too.")
    var text = false

    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        guard !adapters.isEmpty else { throw ValidationError("give at least one --adapter") }
        guard labelOptions.labels.isEmpty || adapters.count == 1 else {
            throw ValidationError("--labels names the labels of one adapter: give one --adapter")
        }
    }

    func run() throws {
        FreedMemory.returnEarly()
        let classifier = try TextClassifier(
            base: baseOptions.folder, adapters: adapters, labels: labelOptions.names,
            noneOfThese: noneOfTheseOption.noneOfThese, maxTokens: length.maxTokens,
            longTexts: longTextsOption.choice, workers: workerOptions.count)
        try input.forEachBatch(title: "classifying") { texts in
            for (text, results) in zip(texts, classifier.results(texts)) {
                try StandardOutput.shared.line(object(text, results, classifier.adapters).text)
            }
        }
    }

    private func object(
        _ text: String, _ results: [TextClassifier.Result], _ adapters: [NamedAdapter]
    ) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = self.text ? [("text", .string(text))] : []
        let answers = zip(adapters, results).map { (key: $0.name, members: answer($1, of: $0.adapter)) }
        if answers.count == 1, let answer = answers.first {
            members += answer.members
        } else {
            members += answers.map { ($0.key, .object($0.members)) }
        }
        return .object(members)
    }

    private func answer(_ result: TextClassifier.Result, of adapter: Adapter) -> [(key: String, value: JSONValue)] {
        let answer = adapter.answer(result.logits)
        let isMultiLabel = adapter.manifest.isMultiLabel
        let label: JSONValue =
            if result.isNoneOfThese {
                .null
            } else if isMultiLabel {
                .array(answer.chosen.map { .string(adapter.labels[$0]) })
            } else {
                .string(adapter.labels[answer.best])
            }
        var members: [(key: String, value: JSONValue)] = [
            (isMultiLabel ? "labels" : "label", label), ("score", .float(Float(answer.score))),
            ("scores", .object(zip(adapter.labels, answer.scores).map { ($0, .float(Float($1))) })),
        ]
        if let distance = result.distance { members.append(("distance", .float(Float(distance)))) }
        if noneOfTheseOption.noneOfThese != nil { members.append(("none_of_these", .boolean(result.isNoneOfThese))) }
        if let longText = result.longText {
            let evidence = [longText.evidence.lowerBound, longText.evidence.upperBound]
            members += [
                ("windows", .integer(longText.windows)), ("tokens", .integer(longText.tokens)),
                ("evidence", .array(evidence.map { .integer($0) })),
            ]
        }
        if logits { members.append(("logits", .array(result.logits.map { .float($0) }))) }
        return members
    }
}
