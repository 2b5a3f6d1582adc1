import ArgumentParser

/// `lorikeet benchmark`: the speed of this program on this machine.
struct Benchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the engine, the tokenizer, training or delivery on this machine.",
        discussion: """
            EXAMPLES
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark tokenize --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark train --base models/all-MiniLM-L6-v2 --train train.tsv
              lorikeet benchmark delivery --base models/all-MiniLM-L6-v2 --input texts.tsv
            """,
        subcommands: [BenchmarkClassify.self, BenchmarkTokenize.self, BenchmarkTrain.self, BenchmarkDelivery.self])
}
