import ArgumentParser

/// `lorikeet benchmark`: how fast this machine is at it.
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure classifying, tokenizing or training on this machine.",
        discussion: """
            EXAMPLES
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark tokenize --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark train --base models/all-MiniLM-L6-v2 --train train.tsv
            """,
        subcommands: [BenchmarkClassify.self, BenchmarkTokenize.self, BenchmarkTrain.self])
}
