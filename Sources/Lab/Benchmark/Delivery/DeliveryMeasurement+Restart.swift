import Glibc
import Threading

/// How long a daemon that was killed labels nothing.
extension DeliveryMeasurement {
    func restart() async throws -> DeliveryRow {
        var seconds = (ofStatic: [Double](), ofDynamic: [Double]())
        let isEmbedded = testbed.outsideBrokers == nil
        // Up to two sessions each, and on the embedded broker the two do not differ.
        for _ in 0..<(isEmbedded ? 1 : min(runs, 3)) {
            seconds.ofStatic.append(try await restart(as: "static"))
            seconds.ofDynamic.append(try await restart(as: "dynamic"))
        }
        let (known, new) = (Measurements(seconds.ofStatic), Measurements(seconds.ofDynamic))
        let broker =
            isEmbedded
            ? "the embedded broker takes a static member for a dynamic one" : "brokers \(testbed.outsideBrokers ?? "")"
        return DeliveryRow(
            figure: .restart, name: "kill -9 and start to the first new row, static / dynamic member, s",
            number: known.median, value: "\(known.spread(1)) / \(new.spread(1))", goal: "3 / -",
            details: "session.timeout.ms is librdkafka's, 45 s; \(broker)")
    }

    /// Kills a daemon in the middle of a stream and starts it at once.
    ///
    /// - Returns: seconds from the signal to the first row that is new.
    private func restart(as groupInstance: String) async throws -> Double {
        let name = await testbed.freshName("restart-\(groupInstance)")
        let pipeline = try await testbed.restartedPipeline(name, groupInstance: groupInstance)
        let environment = ["STATE_DIRECTORY": testbed.stateFolder()]
        let first = try await testbed.start([pipeline], workers: cores, environment: environment)
        let sending = Task { try await testbed.drip(into: pipeline) }
        defer { sending.cancel() }
        try await testbed.waitUntilStored(20, pipeline: pipeline.name)

        let killed = ContinuousClock.now
        await first.kill()
        let stored = try await testbed.database.storedRows(pipeline: pipeline.name)
        let second = try await testbed.start([pipeline], workers: cores, environment: environment)
        try await testbed.waitUntilStored(stored + 1, pipeline: pipeline.name)
        let seconds = (ContinuousClock.now - killed).inSeconds
        try await testbed.end([second])
        return seconds
    }
}
