import ArgumentParser
import JSON
import Lab
import Reports

/// `lorikeet benchmark tokenize`: from texts in memory to token ids in memory, on one core.
struct BenchmarkTokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Measure the tokenizer: from texts in memory to token ids in memory, on one core.",
        discussion: """
            Neither loading nor printing counts. The texts are tokenized in rounds until
            half a second has passed; every round counts. The last line of output is JSON.

            EXAMPLES
              lorikeet benchmark tokenize --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark tokenize --base models/all-MiniLM-L6-v2 \\
                  --input texts.txt --limit 5000 --max-tokens 128
            """)

    @OptionGroup var baseOption: BaseOption
    @OptionGroup var input: InputOptions

    @Option(help: ArgumentHelp("Use the first n texts only.", valueName: "n"))
    var limit: Int?

    @OptionGroup var length: LengthOptions

    func validate() throws {
        guard limit.map({ $0 >= 1 }) ?? true else { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        let tokenizer = try baseOption.tokenizer()
        let maxTokens = try baseOption.checkedLength(length)
        let figures = try TokenizeBenchmark.run(
            input.texts(limit: limit), tokenizer: tokenizer, maxTokens: maxTokens)
        try StandardOutput.shared.line(figures.text)
    }
}
