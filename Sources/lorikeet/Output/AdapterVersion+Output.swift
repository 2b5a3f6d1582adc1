import AdapterRegistry
import JSON
import Reports

extension AdapterVersion {
    /// The members of its JSON object.
    var members: [(key: String, value: JSONValue)] {
        [
            ("task", .string(task)), ("version", .integer(version)), ("state", .string(state.rawValue)),
            ("digest", .string(digest)), ("base_digest", .string(baseDigest)),
            ("dtype", .optional(dataType?.rawValue)), ("accepted_dtype", .optional(acceptedDtype)),
            ("parent_digest", .optional(parentDigest)),
            ("metrics", .object(metrics.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })),
            ("created_at", .date(createdAt)), ("promoted_at", .date(promotedAt)),
            ("promoted_by", .optional(promotion?.by)), ("promotion_reason", .optional(promotion?.reason)),
            ("training_rows", trainingRange?.value ?? .null), ("shadow", shadow?.value ?? .null),
            ("pruned", .boolean(isPruned)),
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

extension ShadowPeriod {
    /// Its JSON object.
    fileprivate var value: JSONValue {
        .object([
            ("since", .date(since)), ("earliest_end", .date(earliestEnd)),
            ("retraining", .integer(Int(terms.retraining))), ("champion", .string(terms.champion)),
            ("changed_labels", .number(terms.changedLabels)), ("minimum_texts", .integer(terms.minimumTexts)),
            ("awaits_approval", .boolean(terms.awaitsApproval)), ("latest_end", .date(latestEnd)),
        ])
    }

    /// Times and limits in one line.
    var line: String {
        "from \(since.text), at least until \(earliestEnd.text) and for \(terms.minimumTexts) texts"
            + (latestEnd.map { ", at most until \($0.text)" } ?? "")
            + "; at most \(Figure.share(terms.changedLabels)) of the labels may change"
    }
}

extension ShadowComparison {
    /// Its JSON object.
    var value: JSONValue {
        .object([
            ("texts", .integer(texts)), ("changed", .integer(changed)), ("expected", .integer(expected)),
            ("agreement", .optional(agreement)), ("champion_confidence", .number(championConfidence)),
            ("challenger_confidence", .number(challengerConfidence)),
        ])
    }
}

extension TrainingRowRange {
    /// Its JSON object.
    fileprivate var value: JSONValue {
        .object([
            ("rows", .integer(rows)), ("digest", .string(digest)), ("oldest_at", .date(oldestAt)),
            ("newest_at", .date(newestAt)), ("oldest_id", oldestID.map { .integer(Int($0)) } ?? .null),
            ("newest_id", newestID.map { .integer(Int($0)) } ?? .null),
        ])
    }

    /// Number, times and digest in one line.
    var line: String {
        let times = [oldestAt, newestAt].compactMap { $0?.text }
        let range = times.count == 2 ? ", from \(times[0]) to \(times[1])" : ""
        return "\(rows)\(range) (\(Figure.digest(digest)))"
    }
}
