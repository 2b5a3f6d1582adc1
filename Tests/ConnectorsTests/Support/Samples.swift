import Serving

/// Outcomes to store.
enum Samples {
    static let digest = String(repeating: "a", count: 64)

    static func message(
        _ offset: Int64, topic: String = "packages", partition: Int32 = 0, key: [UInt8]? = nil, payload: [UInt8]? = nil,
        headers: [(name: String, value: [UInt8]?)] = [], producedAt: Int64? = 1_700_000_000_000
    ) -> SourceMessage {
        SourceMessage(
            origin: Origin(topic: topic, partition: partition, offset: offset), key: key,
            payload: payload ?? Array("payload \(offset)".utf8), headers: headers, producedAt: producedAt)
    }

    static func label(_ task: String, _ label: String?, score: Double = 0.75) -> TaskLabel {
        TaskLabel(
            task: task, label: label, score: score, scores: [("games", score), ("devel", 1 - score)],
            abstained: label == nil,
            adapterDigest: digest)
    }

    /// A message with one row for each task.
    static func labelled(
        _ offset: Int64, text: String? = nil, tasks: [String] = ["section"], label: String = "games",
        producedAt: Int64? = 1_700_000_000_000
    ) -> Outcome {
        .labelled(
            LabelledMessage(
                message: message(offset, producedAt: producedAt), text: text ?? "text \(offset)",
                labels: tasks.map { Self.label($0, label) }))
    }

    static func rejected(_ offset: Int64, stage: RejectionStage = .decode, reason: String = "not UTF-8") -> Outcome {
        .rejected(Rejection(message: message(offset), stage: stage, reason: reason))
    }
}
