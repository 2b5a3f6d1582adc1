import BERT
import JSON

/// The result of a benchmark of the engine: what it did, how long it took, and how close to BLAS it came.
public struct EngineFigures {
    let name: String
    let documents: Int
    let tokens: Int
    let seconds: Double
    /// Floating-point operations of all linear layers: those that the mathematics needs.
    let linearOperations: Double
    let workers: Int
    /// What it ran on.
    let base: BERTBase
    /// Operations per second of one worker that does nothing but `sgemm`.
    let sgemmRate: Double
    /// Further settings of the run.
    var details: [(key: String, value: JSONValue)] = []

    /// The time that `sgemm` alone would have taken, as a share of the time it took.
    var sgemmFraction: Double { linearOperations / (seconds * Double(workers) * sgemmRate) }

    /// The figures as one JSON object.
    public var json: JSONValue {
        .object(
            [
                ("name", .string(name)), ("documents", .integer(documents)), ("tokens", .integer(tokens)),
                ("seconds", .rounded(seconds, 4)),
                ("documents_per_second", .rounded(Double(documents) / seconds, 1)),
                ("tokens_per_second", .rounded(Double(tokens) / seconds, 1)),
                ("sgemm_fraction", .rounded(sgemmFraction, 4)),
                ("sgemm_gigaflops_per_worker", .rounded(sgemmRate / 1e9, 1)),
                ("kernels", .string(base.kernels)), ("dtype", .string(base.dtype)),
                ("workers", .integer(workers)),
            ] + details)
    }
}

extension JSONValue {
    /// A number rounded to some digits after the decimal point.
    static func rounded(_ value: Double, _ digits: Int) -> JSONValue {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return .number((value * scale).rounded() / scale)
    }
}
