import Reports
import Threading

/// How fast stored texts are relabelled, and what that costs a daemon: pairs of runs, in turn.
extension DeliveryMeasurement {
    /// Rows per second of `lorikeet relabel`, relative to what a daemon delivers.
    func relabelling() async throws -> DeliveryRow {
        var pairs: [(Double, Double)] = []
        for _ in 0..<runs {
            let name = await testbed.freshName("stored")
            try await testbed.storeTexts(testbed.texts.count, pipeline: name)
            // It is the daemon that publishes the adapter.
            let daemon = try await delivered(daemons: 1, workers: cores)
            let file = try await testbed.writePipeline(name)
            let (status, output) = try await OwnProgram.run(
                ["relabel", "--pipeline", file, "--workers", "\(cores)"],
                environment: ["DATABASE_URL": testbed.database.dsn])
            guard status == 0 else { throw LabError("relabel ended with status \(status):\n\(output.suffix(1000))") }
            pairs.append((try await testbed.database.storedPerSecond(pipeline: name), daemon))
        }
        return ratio(.relabelling, "rows/s of `lorikeet relabel`, relative to one daemon", pairs)
    }

    /// The rate of one daemon on all cores beside `lorikeet relabel`, relative to the rate without.
    func relabellingBeside() async throws -> DeliveryRow {
        var pairs: [(Double, Double)] = []
        for _ in 0..<runs {
            let without = try await delivered(daemons: 1, workers: cores)
            pairs.append((try await deliveredBesideRelabelling(), without))
        }
        return ratio(
            .relabellingBeside, "documents/s while stored texts are relabelled, relative to without", pairs,
            goal: "0.85")
    }

    private func deliveredBesideRelabelling() async throws -> Double {
        let (name, topic) = (await testbed.freshName("beside"), try await testbed.makeTopic())
        let stored = await testbed.freshName("stored")
        // More than are relabelled in the time that the daemon needs for its texts.
        try await testbed.storeTexts(4 * testbed.texts.count, pipeline: stored)
        let daemon = try await testbed.start([await testbed.pipeline(name, topic: topic)], workers: cores)
        try await testbed.waitUntilAssigned([daemon])
        let file = try await testbed.writePipeline(stored)
        let relabelling = try ChildProcess(
            program: OwnProgram.path, arguments: ["relabel", "--pipeline", file, "--workers", "\(cores)"],
            environment: OwnProgram.environment(adding: ["DATABASE_URL": testbed.database.dsn]), capture: .both)
        async let ending = relabelling.ending()
        do {
            try await Waiting.until("nothing is relabelled", within: .seconds(180)) {
                try await testbed.database.relabelledRows(pipeline: stored) > 0
            }
            try await deliverTexts(to: topic, pipeline: name)
        } catch {
            relabelling.kill()
            throw error
        }
        let left =
            try await testbed.database.storedRows(pipeline: stored)
            - testbed.database.relabelledRows(pipeline: stored)
        relabelling.kill()
        _ = await ending
        try await testbed.end([daemon])
        guard left > 0 else { throw LabError("relabelling ended before the daemon had its texts; give more texts") }
        return try await testbed.database.storedPerSecond(pipeline: name)
    }
}
