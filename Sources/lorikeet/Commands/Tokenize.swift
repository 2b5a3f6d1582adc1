import ArgumentParser
import JSON
import Reports
import WordPiece

/// `lorikeet tokenize`: ids and tokens.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the token ids and tokens of texts, a JSON object a line.",
        discussion: """
            Exactly as Hugging Face's fast BERT tokenizer cuts them.

            EXAMPLES
              echo 'a game of chess' | lorikeet tokenize --base models/all-MiniLM-L6-v2
              lorikeet tokenize --base models/all-MiniLM-L6-v2 --input test.tsv | jq '.ids | length'
              lorikeet tokenize --base models/all-MiniLM-L6-v2 --max-tokens 8 --input texts.txt
            """)

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var length: LengthOptions
    @OptionGroup var input: InputOptions

    func run() throws {
        let tokenizer = try baseOptions.tokenizer()
        let maxTokens = try baseOptions.checkedLength(length)
        try input.forEachBatch(title: "tokenizing") { texts in
            for text in texts {
                let ids = tokenizer.encode(text, maxTokens: maxTokens)
                try StandardOutput.shared.line(Self.object(ids, tokenizer).text)
            }
        }
    }

    private static func object(_ ids: [Int32], _ tokenizer: WordPieceTokenizer) -> JSONValue {
        .object([
            ("ids", .array(ids.map { .integer(Int($0)) })),
            ("tokens", .array(ids.map { .optional(tokenizer.token($0)) })),
        ])
    }
}
