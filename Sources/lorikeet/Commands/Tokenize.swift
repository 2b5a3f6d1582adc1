import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet tokenize`: token ids and tokens.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the token ids and tokens of texts.",
        discussion: """
            Prints one JSON object per text: {"ids":[…],"tokens":[…]}, exactly as Hugging
            Face's fast BERT tokenizer splits it.

            EXAMPLES
              echo 'a game of chess' | lorikeet tokenize --base models/all-MiniLM-L6-v2
              lorikeet tokenize --base models/all-MiniLM-L6-v2 \\
                  --input test.tsv | jq '.ids | length'
              lorikeet tokenize --base models/all-MiniLM-L6-v2 \\
                  --max-tokens 8 --input texts.txt
            """)

    @OptionGroup var baseOption: BaseOption
    @OptionGroup var length: LengthOptions
    @OptionGroup var input: InputOptions

    func run() throws {
        let tokenizer = try TextTokenizer(base: baseOption.base, maxTokens: length.maxTokens)
        try input.forEachBatch(title: "tokenizing") { texts in
            for text in texts {
                let tokens = tokenizer.tokens(text)
                let object = JSONValue.object([
                    ("ids", .array(tokens.map { .integer(Int($0.id)) })),
                    ("tokens", .array(tokens.map { .optional($0.token) })),
                ])
                try StandardOutput.shared.line(object.text)
            }
        }
    }
}
