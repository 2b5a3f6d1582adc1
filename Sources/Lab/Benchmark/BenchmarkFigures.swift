import JSON
import Kernels

/// What a benchmark of the engine prints as its last line.
public struct BenchmarkFigures {
    let name: String
    let documents: Int
    let tokens: Int
    let seconds: Double
    /// Operations of all linear layers that the mathematics needs.
    let linearOperations: Double
    let workers: Int
    /// Operations a second of one worker with nothing but BLAS.
    let sgemmRate: Double
    /// What else tells this run from another.
    var details: [(key: String, value: JSONValue)] = []

    public init(
        name: String, documents: Int, tokens: Int, seconds: Double, linearOperations: Double, workers: Int,
        sgemmRate: Double, details: [(key: String, value: JSONValue)] = []
    ) {
        self.name = name
        self.documents = documents
        self.tokens = tokens
        self.seconds = seconds
        self.linearOperations = linearOperations
        self.workers = workers
        self.sgemmRate = sgemmRate
        self.details = details
    }

    var sgemmFraction: Double { linearOperations / (seconds * Double(workers) * sgemmRate) }

    public var json: JSONValue {
        .object(
            [
                ("name", .string(name)), ("documents", .integer(documents)), ("tokens", .integer(tokens)),
                ("seconds", .rounded(seconds, 4)),
                ("documents_per_second", .rounded(Double(documents) / seconds, 1)),
                ("tokens_per_second", .rounded(Double(tokens) / seconds, 1)),
                ("sgemm_fraction", .rounded(sgemmFraction, 4)),
                ("sgemm_gigaflops_per_worker", .rounded(sgemmRate / 1e9, 1)),
                ("kernels", .string(BLAS.kernels)), ("workers", .integer(workers)),
            ] + details)
    }
}

extension JSONValue {
    /// A number with so many digits after the point.
    public static func rounded(_ value: Double, _ digits: Int) -> JSONValue {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return .number((value * scale).rounded() / scale)
    }
}
