import ArgumentParser
import BERT
import Daemon
import Training

/// `lorikeet train`: an adapter from a file.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train an adapter from labelled rows.",
        discussion: """
            The base stays as it is; the low-rank pairs and the head learn. The folder that
            comes out is read by Lorikeet and by Hugging Face PEFT. It is written at the
            end, whole or not at all. With --json each epoch is a line.

            EXAMPLES
              lorikeet train --base models/all-MiniLM-L6-v2 --train train.tsv \\
                  --validation test.tsv --output adapters/section
              lorikeet train --base models/all-MiniLM-L6-v2 --train train.jsonl \\
                  --output adapters/section --layers 3-5 --epochs 5 --rate 5e-4
              lorikeet train --base models/all-MiniLM-L6-v2 --train train.tsv \\
                  --validation test.tsv --output adapters/section --json | jq .macro_f1
            """)

    @OptionGroup var baseOptions: BaseOptions

    @Option(
        help: ArgumentHelp("Rows to learn from: .tsv (label<TAB>text) or .jsonl; -: standard input, as .tsv.", valueName: "file"),
        completion: .file(extensions: ["tsv", "jsonl"]))
    var train: String

    @Option(
        help: ArgumentHelp("Rows to measure each epoch on; never learnt from.", valueName: "file"),
        completion: .file(extensions: ["tsv", "jsonl"]))
    var validation: String?

    @Option(help: ArgumentHelp("The folder to write the adapter to.", valueName: "dir"), completion: .directory)
    var output: String

    @Flag(help: "Replace an adapter that is there.")
    var overwrite = false

    @Option(
        name: .customLong("from"),
        help: ArgumentHelp(
            "Start from this adapter over the same base; its rank, scaling and layers count, its labels stay, new ones may come.",
            valueName: "dir"),
        completion: .directory)
    var start: String?

    @Option(help: ArgumentHelp("The task it is for, kept beside the adapter.", valueName: "name"))
    var task: String?

    @OptionGroup var training: TrainingOptions
    @OptionGroup var format: JSONOption

    func run() throws {
        try AdapterFolder.checkFree(output, overwrite: overwrite)
        let (base, tokenizer) = try baseOptions.load()
        let startingFrom = try start.map { try AdapterFolder.load($0, base: base) }
        let settings = try training.settings(for: base, startingFrom: startingFrom)
        let rows = try LabelledFile.read(path: train, minimumLabels: 2)
        let validationRows = try validation.map { try LabelledFile.read(path: $0) } ?? []
        let trainer = AdapterTrainer(base: base, tokenizer: tokenizer, settings: settings)
        let display = TrainingDisplay(json: format.json)
        if !format.json { StandardError.write(Self.summary(rows, validationRows, base: base)) }

        Interruption.watch()
        let candidate: AdapterCandidate
        do {
            candidate = try trainer.train(
                rows, validation: validationRows, startingFrom: startingFrom, task: task, progress: display.show,
                isCancelled: { Interruption.isAsked })
        } catch {
            display.clear()
            guard !Interruption.isAsked else { throw CommandFailure(.failed, "interrupted: no adapter was written") }
            throw error
        }
        display.clear()
        try candidate.adapter.write(to: output)
        try display.finish(candidate, rows: validationRows.count, output: output)
    }

    private static func summary(_ rows: [LabelledText], _ validation: [LabelledText], base: BERTBase) -> String {
        let labels = Set(rows.map(\.label)).count
        let held = validation.isEmpty ? "no validation rows" : "\(validation.count) validation rows"
        let configuration = base.configuration
        return "\(rows.count) rows with \(labels) labels, \(held); base: \(configuration.architecture.rawValue), "
            + "\(configuration.layers) layers of \(configuration.hidden)"
    }
}
