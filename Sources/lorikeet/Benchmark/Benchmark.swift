import ArgumentParser

/// `lorikeet benchmark`: the speed of this program on this machine, and the decisions of its promotion gate.
struct Benchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the engine, the tokenizer, training, delivery or the promotion gate.",
        discussion: """
            EXAMPLES
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark tokenize --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark train --base models/all-MiniLM-L6-v2 --train train.tsv
              lorikeet benchmark delivery --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark gate
            """,
        subcommands: [
            BenchmarkClassify.self, BenchmarkTokenize.self, BenchmarkTrain.self, BenchmarkDelivery.self,
            BenchmarkGate.self,
        ])
}
