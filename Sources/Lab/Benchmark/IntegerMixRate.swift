import BERT
import Kernels

/// The rate at which this CPU runs the instructions of an integer product with nothing else around them: what
/// `integer_mix_fraction` is a fraction of.
enum IntegerMixRate {
    /// The mean rate of one worker, in operations per second, while all workers run; 0 if it is not known for this CPU.
    static func measure(workers: Int, seconds: Double) -> Double {
        WorkerRate.measure(workers: workers, name: "integer-mix", seconds: seconds) {
            { IntegerInstructions.best.runAlone(rounds: 100_000) }
        }
    }

    /// The rate of the products in a profile, in operations per second of one worker.
    static func ofProducts(_ profile: StageProfile) -> Double {
        let products = StageProfile.Stage.allCases.filter { profile.operations($0) > 0 }
        let seconds = products.reduce(0) { $0 + profile.seconds($1) }
        return seconds > 0 ? products.reduce(0) { $0 + profile.operations($1) } / seconds : 0
    }
}
