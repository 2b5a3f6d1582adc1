import Reports

/// What publishing costs, and how long a record takes until a reader of the output topic has it.
extension DeliveryMeasurement {
    func outbox() async throws -> DeliveryRow {
        var pairs: [(Double, Double)] = []
        for _ in 0..<runs {
            let output = try await testbed.makeTopic()
            pairs.append(
                (
                    try await delivered(daemons: 1, workers: cores, output: output),
                    try await delivered(daemons: 1, workers: cores)
                ))
        }
        return ratio(.outbox, "documents/s stored while they are published, relative to without", pairs, goal: "0.9")
    }

    /// At half the rate that the daemon reaches while it publishes.
    func outboxLatency() async throws -> DeliveryRow {
        let load = try await delivered(daemons: 1, workers: cores, output: try await testbed.makeTopic()) / 2
        let (name, topic) = (await testbed.freshName("published"), try await testbed.makeTopic())
        let output = try await testbed.makeTopic()
        var pipeline = await testbed.pipeline(name, topic: topic)
        pipeline.publishes = "{ topic: \"\(output)\" }"
        let daemon = try await testbed.start([pipeline], workers: cores)
        try await testbed.waitUntilAssigned([daemon])
        let warmUp = Int(load * 3)
        let count = Int(load * Double(seconds))
        let reader = try await testbed.reader(of: output)
        let reading = Task { try await reader.latencies(count + warmUp) }
        try await testbed.trickle(count + warmUp, to: topic, perSecond: load)
        let latencies = try await reading.value.dropFirst(warmUp).sorted()
        try await testbed.end([daemon])
        guard !latencies.isEmpty else { throw LabError("no record was published") }
        func quantile(_ share: Double) -> Double { latencies[Int(Double(latencies.count - 1) * share)] }
        return DeliveryRow(
            figure: .outboxLatency,
            name: "produced to read from the output topic at half load: median / 99th "
                + "percentile, ms", number: quantile(0.99),
            value: "\(Figure.decimal(quantile(0.5), 0)) / \(Figure.decimal(quantile(0.99), 0))", goal: "99th: 400",
            details: "\(Figure.decimal(load, 0)) documents/s, \(latencies.count) texts")
    }
}
