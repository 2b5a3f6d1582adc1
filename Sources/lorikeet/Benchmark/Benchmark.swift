import ArgumentParser

/// `lorikeet benchmark`: the speed of this program on this machine, and the quality of its decisions.
struct Benchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure speed, the promotion gate, and what to label next.",
        discussion: """
            EXAMPLES
              lorikeet benchmark classify --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark tokenize --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark train --base models/all-MiniLM-L6-v2 --train train.tsv
              lorikeet benchmark delivery --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark swaps --base models/all-MiniLM-L6-v2 --input texts.tsv
              lorikeet benchmark drift --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/topic --input train.tsv
              lorikeet benchmark none-of-these --base models/all-MiniLM-L6-v2 \\
                  --adapter adapters/intent --input test.tsv
              lorikeet benchmark gate
              lorikeet benchmark review --base models/all-MiniLM-L6-v2 --input train.tsv
              lorikeet benchmark queue --base models/all-MiniLM-L6-v2 \\
                  --input train.tsv --test test.tsv
              lorikeet benchmark distillation --base models/all-MiniLM-L6-v2 \\
                  --input train.tsv --test test.tsv
              lorikeet benchmark scale --base small-base
            """,
        subcommands: [
            BenchmarkClassify.self, BenchmarkTokenize.self, BenchmarkTrain.self, BenchmarkDelivery.self,
            BenchmarkSwaps.self, BenchmarkDrift.self, BenchmarkNoneOfThese.self, BenchmarkGate.self,
            BenchmarkReview.self, BenchmarkQueue.self, BenchmarkDistillation.self, BenchmarkScale.self,
        ])
}
