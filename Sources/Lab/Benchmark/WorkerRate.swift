import Reports
import Synchronization
import Threading

/// What one worker computes per second while all workers do the same.
enum WorkerRate {
    /// The mean rate of one worker, in operations per second.
    ///
    /// - Parameters:
    ///   - workers: threads that run at once.
    ///   - name: of the threads.
    ///   - seconds: for which rounds are repeated.
    ///   - makeRound: called once per worker, before its time counts. The round returns its number of operations.
    static func measure(
        workers: Int, name: String, seconds: Double, makeRound: @Sendable () -> () -> Double
    ) -> Double {
        let total = Mutex(0.0)
        WorkerTeam.run(count: workers, name: name) { _ in
            let round = makeRound()
            var operations = 0.0
            let start = ContinuousClock.now
            var elapsed = 0.0
            repeat {
                operations += round()
                elapsed = (ContinuousClock.now - start).inSeconds
            } while elapsed < seconds
            total.withLock { $0 += operations / elapsed }
        }
        return total.withLock { $0 } / Double(max(workers, 1))
    }
}
