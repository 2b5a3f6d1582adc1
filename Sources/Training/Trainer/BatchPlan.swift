import Kernels

/// The batches of an epoch, each divided into one share per worker. A pure function of seed, epoch and the lengths of
/// the rows.
struct BatchPlan {
    /// `batches[b][w]`: the rows of batch b that worker w computes; a share may be empty.
    let batches: [[[Int]]]

    init(lengths: [Int], batchSize: Int, workers: Int, seed: UInt64, epoch: Int) {
        let order = Self.order(count: lengths.count, seed: seed, epoch: epoch)
        batches = stride(from: 0, to: order.count, by: batchSize).map { first in
            Self.shares(Array(order[first..<min(first + batchSize, order.count)]), lengths: lengths, workers: workers)
        }
    }

    /// A shuffle of our own, since Swift's may change with its version.
    static func order(count: Int, seed: UInt64, epoch: Int) -> [Int] {
        var generator = SplitMix64(seed: seed, stream: UInt64(epoch))
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, generator.below(last + 1))
        }
        return order
    }

    /// Longest row first, each to the worker with the fewest tokens so far, so that all workers finish together.
    static func shares(_ rows: [Int], lengths: [Int], workers: Int) -> [[Int]] {
        var shares = [[Int]](repeating: [], count: workers)
        var loads = [Int](repeating: 0, count: workers)
        let byLength = rows.enumerated().sorted {
            lengths[$0.element] == lengths[$1.element]
                ? $0.offset < $1.offset : lengths[$0.element] > lengths[$1.element]
        }
        for (_, row) in byLength {
            var lightest = 0
            for worker in loads.indices where loads[worker] < loads[lightest] { lightest = worker }
            shares[lightest].append(row)
            loads[lightest] += lengths[row]
        }
        return shares
    }
}
