import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet benchmark tokenize`: from text in memory to ids in memory, on one core.
struct BenchmarkTokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Measure tokenizing: from text in memory to ids in memory, on one core.",
        discussion: """
            Neither loading nor printing counts. Texts that take less than half a second
            are tokenized again and again until then; every round counts. The last line of
            output is JSON.

            EXAMPLES
              lorikeet benchmark tokenize --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark tokenize --base models/all-MiniLM-L6-v2 --input texts.txt \\
                  --limit 5000 --max-tokens 128
            """)

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var input: InputOptions

    @Option(help: ArgumentHelp("Only the first so many texts.", valueName: "n"))
    var limit: Int?

    @OptionGroup var length: LengthOptions

    /// Shorter measurements say more about the clock than about the tokenizer.
    private static let shortest = 0.5

    func validate() throws {
        guard limit.map({ $0 >= 1 }) ?? true else { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        let tokenizer = try baseOptions.tokenizer()
        let maxTokens = try baseOptions.checkedLength(length)
        let texts = try input.texts(limit: limit)
        func tokenize() -> Int { texts.reduce(0) { $0 + tokenizer.encode($1, maxTokens: maxTokens).count } }

        let tokens = tokenize()
        var rounds = 0
        var seconds = 0.0
        let start = ContinuousClock.now
        repeat {
            guard tokenize() == tokens else {
                throw CommandFailure(.failed, "two rounds gave different numbers of tokens")
            }
            rounds += 1
            seconds = (ContinuousClock.now - start).inSeconds
        } while seconds < Self.shortest
        let (documents, allTokens) = (texts.count * rounds, tokens * rounds)
        let figures = JSONValue.object([
            ("name", .string("tokenize")), ("documents", .integer(documents)), ("tokens", .integer(allTokens)),
            ("seconds", .rounded(seconds, 4)), ("documents_per_second", .rounded(Double(documents) / seconds, 1)),
            ("tokens_per_second", .rounded(Double(allTokens) / seconds, 1)), ("workers", .integer(1)),
            ("rounds", .integer(rounds)),
        ])
        try StandardOutput.shared.line(figures.text)
    }
}
