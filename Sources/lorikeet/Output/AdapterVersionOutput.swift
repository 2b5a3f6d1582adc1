import AdapterRegistry
import JSON
import Reports

extension AdapterVersion {
    /// The members of its JSON object.
    var members: [(key: String, value: JSONValue)] {
        [
            ("task", .string(task)), ("version", .integer(version)), ("state", .string(state.rawValue)),
            ("digest", .string(digest)), ("base_digest", .string(baseDigest)),
            ("parent_digest", .optional(parentDigest)),
            ("metrics", .object(metrics.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })),
            ("created_at", .date(createdAt)), ("promoted_at", .date(promotedAt)),
        ]
    }

    /// `section version 3 (1f2e3d4c5b6a)`.
    var name: String { "\(task) version \(version) (\(Figure.digest(digest)))" }

    /// Prints the version after a change: one object, or a sentence about it.
    func print(json: Bool, sentence: String) throws {
        try StandardOutput.shared.line(json ? JSONValue.object(members).text : "\(name) \(sentence)")
    }
}

extension [AdapterVersion] {
    /// One row per version.
    var table: TextTable {
        var table = TextTable(
            .left("task"), .right("version"), .left("state"), .left("digest"), .right("accuracy"), .right("macro-F1"),
            .left("created"), .left("promoted"))
        for version in self {
            table.add(
                version.task, String(version.version), version.state.rawValue, Figure.digest(version.digest),
                Figure.share(version.metrics["accuracy"]), Figure.share(version.metrics["macro_f1"]),
                version.createdAt.text, version.promotedAt?.text ?? "–")
        }
        return table
    }
}
