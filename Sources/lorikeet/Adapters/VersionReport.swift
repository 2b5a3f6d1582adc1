import AdapterRegistry
import Foundation
import JSON
import Reports

/// Versions of adapters, for people and for programs.
enum VersionReport {
    static func members(_ version: AdapterVersion) -> [(key: String, value: JSONValue)] {
        [
            ("task", .string(version.task)), ("version", .integer(version.version)),
            ("state", .string(version.state.rawValue)),
            ("digest", .string(version.digest)), ("base_digest", .string(version.baseDigest)),
            ("parent_digest", .optional(version.parentDigest)),
            ("metrics", .object(version.metrics.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })),
            ("created_at", .date(version.createdAt)), ("promoted_at", .date(version.promotedAt)),
        ]
    }

    /// The version after a change: one object, or one line.
    static func print(_ version: AdapterVersion, json: Bool, sentence: String) throws {
        try StandardOutput.shared.line(json ? JSONValue.object(members(version)).text : sentence)
    }

    /// `section version 3 (1f2e3d4c5b6a)`.
    static func name(_ version: AdapterVersion) -> String {
        "\(version.task) version \(version.version) (\(Figure.digest(version.digest)))"
    }

    static func table(_ versions: [AdapterVersion]) -> TextTable {
        var table = TextTable(
            .left("task"), .right("version"), .left("state"), .left("digest"), .right("accuracy"), .right("macro-F1"),
            .left("created"),
            .left("promoted"))
        for version in versions {
            table.add(
                version.task, String(version.version), version.state.rawValue, Figure.digest(version.digest),
                Figure.share(version.metrics["accuracy"]), Figure.share(version.metrics["macro_f1"]),
                date(version.createdAt),
                date(version.promotedAt))
        }
        return table
    }

    static func date(_ date: Date?) -> String { date.map { $0.formatted(.iso8601) } ?? "–" }
}
