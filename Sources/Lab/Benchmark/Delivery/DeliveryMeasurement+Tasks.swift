import JSON
import Reports

/// What many live tasks cost, each with an adapter of its own: pairs of runs, in turn.
extension DeliveryMeasurement {
    /// The rate of one daemon whose texts are spread evenly over 1,000 tasks, relative to that with one task.
    func tasks() async throws -> DeliveryRow {
        let count = 1000
        try await testbed.writeAdapters(count)
        var pairs: [(Double, Double)] = []
        for _ in 0..<runs {
            pairs.append((try await delivered(tasks: count), try await delivered(tasks: 1)))
        }
        return ratio(.tasks, "documents/s with 1,000 live tasks and adapters, relative to one", pairs)
    }

    private func delivered(tasks count: Int) async throws -> Double {
        let (name, topic) = (await testbed.freshName("tasks"), try await testbed.makeTopic())
        let daemon = try await testbed.start([await testbed.pipeline(name, topic: topic, tasks: count)], workers: cores)
        try await testbed.waitUntilAssigned([daemon])
        let texts = testbed.texts
        try await testbed.produce(texts.count, to: topic) { index in
            JSONValue.object([
                ("task", .string(DeliveryTestbed.taskName(index % count))), ("text", .string(texts[index])),
            ]).text
        }
        try await testbed.waitUntilStored(texts.count, pipeline: name)
        try await testbed.end([daemon])
        return try await testbed.database.storedPerSecond(pipeline: name)
    }
}
