import ArgumentParser
import Lab
import Operations
import Reports
import Training

/// `lorikeet benchmark none-of-these`: whether distances find texts unlike all labels.
struct BenchmarkNoneOfThese: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "none-of-these",
        abstract: "Measure how well distances find texts of unknown labels.",
        discussion: """
            The adapter must come from lorikeet train with at least 200 validation rows,
            all with labels that it knows. Rows of the input with a label that it does not
            know are the texts to find. Prints one line of JSON: the area under the ROC
            curve of the distance, and of the score for comparison. For several promised
            shares of false alarms, it has the distance, the measured share of false
            alarms, and the share of unknown texts that were caught.

            EXAMPLES
              grep -v '^oos' clinc150/train.tsv > train.tsv
              grep -v '^oos' clinc150/val.tsv > val.tsv
              lorikeet train --base models/all-MiniLM-L6-v2 --train train.tsv \\
                  --validation val.tsv --output adapters/intent
              lorikeet benchmark none-of-these --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/intent --input clinc150/test.tsv
            """)

    @OptionGroup var baseOptions: BaseOptions

    @Option(help: ArgumentHelp("The adapter folder, in PEFT's format.", valueName: "dir"), completion: .directory)
    var adapter: String

    @OptionGroup var rows: LabelledInputOption
    @OptionGroup var formatOptions: RowFormatOptions
    @OptionGroup var length: LengthOptions
    @OptionGroup var workerOptions: WorkerOptions

    func run() throws {
        let (base, tokenizer) = try baseOptions.load()
        let maxTokens = try length.checked(against: base)
        let adapter = try AdapterFolder.load(self.adapter, base: base)
        let options = formatOptions.options(isMultiLabel: adapter.manifest.isMultiLabel)
        let labelled = try LabelledFile.collect(paths: rows.input, options: options).rows
        let benchmark = try NoneOfTheseBenchmark(
            base: base, tokenizer: tokenizer, adapter: adapter,
            reference: AdapterFolder.driftReference(self.adapter, of: adapter), maxTokens: maxTokens,
            workers: workerOptions.count)
        try StandardOutput.shared.line(benchmark.run(labelled).text)
    }
}
