import Connectors
import DaemonFixtures
import Foundation
import TestSupport
import Testing
import Training

@testable import Operations

/// `lorikeet annotations` against a real database.
@Suite struct AnnotationOperationTests {
    private static let singleLabel = "{ labels: [calm, loud] }"
    private static let multiLabel = "{ labels: [calm, loud], multi_label: true }"

    private static func scope(_ fixture: DaemonFixture, task: String = singleLabel, storesText: Bool = true) throws
        -> AnnotationScope
    {
        let file = try fixture.writePipeline(task: task)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try fixture.folder.write(
            "p.yaml", text.replacing("\"${DATABASE_URL}\" }", with: "\"${DATABASE_URL}\", store_text: \(storesText) }"))
        return try AnnotationScope(task: "noise", file: file, environment: fixture.environment)
    }

    /// Labels of the task `noise`: number 7 is the least certain, then 8, and so on.
    private static func insert(
        _ fixture: DaemonFixture, _ texts: [String?], isSet: Bool = false, abstained: Set<Int> = []
    ) throws {
        for (offset, text) in texts.enumerated() {
            let score = 0.5 + 0.004 * Double((offset + 7 * texts.count - 7) % texts.count)
            let label = abstained.contains(offset) ? "NULL" : isSet ? "'{calm}'" : "'calm'"
            try fixture.execute(
                """
                INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at,
                    \(isSet ? "labels" : "label"), score, scores, abstained, adapter_digest, text)
                VALUES ('noise', 'texts', 0, \(offset), 'noise', now(), \(label), \(score),
                    '{"calm": \(score), "loud": \(isSet ? 0.01 : 1 - score)}', \(abstained.contains(offset)), 'd',
                    \(text.map { "'\($0)'" } ?? "NULL"))
                """)
        }
    }

    private static func queue(
        _ scope: AnnotationScope, _ count: Int, _ strategy: SelectionStrategy = .margin
    ) async throws -> AnnotationQueueOperation.Result {
        try await AnnotationQueueOperation.run(
            AnnotationQueueOperation.Request(count: count, strategy: strategy, workers: 1), scope: scope)
    }

    private static func importing(
        _ path: String, _ scope: AnnotationScope, format: AnnotationFile.Format = .auto, skipsBadRows: Bool = false
    ) async throws -> AnnotationImportOperation.Report {
        var options = RowOptions()
        options.skipsBadRows = skipsBadRows
        return try await AnnotationImportOperation.run(
            AnnotationImportOperation.Request(
                input: path, format: format, annotator: "kim", source: "test", rowOptions: options), scope: scope)
    }

    // MARK: - Queue

    @Test func theQueueHasEachUncertainTextOnceAndNoAnnotatedOne() async throws {
        try await DaemonFixture.with { fixture in
            let scope = try Self.scope(fixture)
            var texts = (0..<30).map { "text \($0) of the river" } as [String?]
            texts[9] = "TEXT 8  of the river"
            texts[10] = nil
            texts[11] = "  "
            try Self.insert(fixture, texts, abstained: [20])
            try fixture.execute(
                "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'Text 7 OF the river', 'calm')")
            let result = try await Self.queue(scope, 4)
            #expect(
                result.texts.map(\.text.text)
                    == ["text 20 of the river", "text 8 of the river", "text 12 of the river", "text 13 of the river"])
            #expect(result.texts.map(\.reason) == [.abstained, .margin, .margin, .margin])
            #expect(!result.isMultiLabel && result.driftingLabels.isEmpty && result.windowRows == 30)

            for strategy in SelectionStrategy.allCases {
                let first = try await Self.queue(scope, 5, strategy)
                #expect(Set(first.texts.map(\.text.text)).count == 5)
                let second = try await Self.queue(scope, 5, strategy)
                #expect(first.texts.map(\.text.origin) == second.texts.map(\.text.origin))
            }
        }
    }

    @Test func withoutStoredTextsTheErrorNamesTheKey() async throws {
        try await DaemonFixture.with { fixture in
            let scope = try Self.scope(fixture, storesText: false)
            try Self.insert(fixture, [nil, nil])
            let failure = await #expect(throws: CommandFailure.self) { try await Self.queue(scope, 4) }
            #expect(failure?.status == .configuration)
            #expect(failure?.message.contains("sink.store_text") == true, "\(failure?.message ?? "")")
        }
    }

    @Test func anEmptyStreamHasAnEmptyQueue() async throws {
        try await DaemonFixture.with { fixture in
            let result = try await Self.queue(try Self.scope(fixture), 4, .queue)
            #expect(result.texts.isEmpty && result.windowRows == 0)
        }
    }

    @Test func textsOfALabelThatSpreadsComeFirst() async throws {
        try await DaemonFixture.with { fixture in
            let scope = try Self.scope(fixture)
            try fixture.execute(
                """
                INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, label, score,
                    scores, adapter_digest, text, labelled_at)
                SELECT 'noise', 'texts', 0, n, 'noise', now(), l.label, 0.9,
                    jsonb_build_object('calm', CASE l.label WHEN 'calm' THEN 0.6 ELSE 0.1 END,
                        'loud', CASE l.label WHEN 'calm' THEN 0.4 ELSE 0.9 END), 'd', 'text ' || n,
                    timestamptz '2026-01-01 00:00Z' + n * interval '1 second'
                FROM generate_series(1, 600) AS n,
                    LATERAL (SELECT CASE WHEN n % (CASE WHEN n > 300 THEN 3 ELSE 30 END) = 0 THEN 'loud' ELSE 'calm' END
                        AS label) AS l
                """)
            let result = try await Self.queue(scope, 10)
            #expect(result.driftingLabels.contains("loud"))
            #expect(!result.texts.isEmpty)
            #expect(result.texts.allSatisfy { $0.reason == .drift && $0.text.labels == ["loud"] })
        }
    }

    @Test func anUnknownTaskIsNamed() async throws {
        try await DaemonFixture.with { fixture in
            let file = try fixture.writePipeline(task: Self.singleLabel)
            let failure = #expect(throws: CommandFailure.self) {
                _ = try AnnotationScope(task: "nois", file: file, environment: fixture.environment)
            }
            #expect(failure?.message == "\(file): tasks: there is no task nois (did you mean noise?)")
        }
    }

    // MARK: - There and back

    /// An annotator fills in what the queue wrote; the rows know where their texts came from.
    @Test(arguments: [QueueFormat.jsonl, .csv, .labelStudio, .doccano], [false, true])
    func everyFormatGoesThereAndBack(format: QueueFormat, isSet: Bool) async throws {
        try await DaemonFixture.with { fixture in
            let scope = try Self.scope(fixture, task: isSet ? Self.multiLabel : Self.singleLabel)
            try Self.insert(fixture, ["a \"quoted\", text", "line\nend", "plain", "ünïcode\tand 🦜"], isSet: isSet)
            let result = try await Self.queue(scope, 3)
            #expect(result.isMultiLabel == isSet && result.texts.count == 3)
            let lines = format.lines(result.texts, task: "noise", isMultiLabel: isSet)
            let answered = Self.answered(lines, format, isSet: isSet)
            let name = ["jsonl": "a.jsonl", "csv": "a.csv", "label-studio": "a.json"][format.rawValue] ?? "a.jsonl"
            let path = try fixture.folder.write(name, answered.joined(separator: "\n") + "\n")
            let report = try await Self.importing(path, scope)
            #expect(report.added == 3 && report.known == 0 && report.unanswered == 0, "\(answered)")
            #expect(try await Self.importing(path, scope).known == 3)
            let joined =
                "SELECT count(*) AS n FROM lorikeet.annotations AS a JOIN lorikeet.labels AS l USING (task, topic, "
                + "\"partition\", \"offset\", text) WHERE coalesce(a.labels, ARRAY[a.label]) = '{loud}'"
                + " AND annotator = 'kim' AND source = 'test' AND (a.labels IS NOT NULL) = \(isSet)"
            #expect(try fixture.number(joined) == 3)
            #expect(try await Self.queue(scope, 10).texts.count == 1)
        }
    }

    /// The lines with the label that an annotator gives: `loud`.
    private static func answered(_ lines: [String], _ format: QueueFormat, isSet: Bool) -> [String] {
        switch format {
        case .text: []
        case .jsonl:
            lines.map { $0.replacing(isSet ? "\"labels\":null" : "\"label\":null", with: "\"labels\":[\"loud\"]") }
        case .csv: [lines[0]] + lines.dropFirst().map { "loud" + $0 }
        case .doccano: lines.map { $0.replacing("\"label\":[]", with: "\"label\":[\"loud\"],\"Comments\":[]") }
        case .labelStudio:
            lines.map {
                $0.replacing(
                    ",\"predictions\":[",
                    with: ",\"annotations\":[{\"was_cancelled\":false,\"completed_by\":1,\"result\":[{\"type\":"
                        + "\"choices\",\"from_name\":\"label\",\"value\":{\"choices\":[\"loud\"]}}]}],\"predictions\":["
                )
            }
        }
    }

    @Test func whatNobodyAnsweredIsNotImported() async throws {
        try await DaemonFixture.with { fixture in
            let scope = try Self.scope(fixture)
            try Self.insert(fixture, ["one", "two"])
            for format in [QueueFormat.jsonl, .csv, .labelStudio, .doccano] {
                let texts = try await Self.queue(scope, 2).texts
                let text = format.lines(texts, task: "noise", isMultiLabel: false).joined(separator: "\n")
                let path = try fixture.folder.write(format == .csv ? "a.csv" : "a.json", text + "\n")
                let report = try await Self.importing(path, scope)
                #expect(report.unanswered == 2 && report.answers == 0, "\(format)")
            }
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.annotations") == 0)
        }
    }

    @Test func unknownLabelsAreNamedWithTheNearestOneAndNothingIsImported() async throws {
        try await DaemonFixture.with { fixture in
            let scope = try Self.scope(fixture)
            let path = try fixture.folder.write(
                "a.jsonl", #"{"text":"x","label":"calm"}"# + "\n" + #"{"text":"secret","label":"Loud"}"# + "\n")
            let failure = await #expect(throws: CommandFailure.self) { try await Self.importing(path, scope) }
            #expect(failure?.status == .failed)
            #expect(failure?.message.contains("\"Loud\"") == true)
            #expect(failure?.message.contains("(the task has \"loud\")") == true)
            #expect(failure?.message.contains("secret") == false)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.annotations") == 0)
            let report = try await Self.importing(path, scope, skipsBadRows: true)
            #expect(report.added == 1 && report.badRows == 1 && report.unknownLabels == ["Loud": 1])
        }
    }

    // MARK: - Review

    /// The table keeps what the annotator wrote; what reads it maps it.
    @Test func anOldLabelThatTheTaskMapsIsImportedAsItIs() async throws {
        try await DaemonFixture.with { fixture in
            let task = "{ labels: [calm, loud], rename: { noisy: loud }, retire: [odd] }"
            let scope = try Self.scope(fixture, task: task)
            let lines = ["noisy", "odd", "calm"].map { #"{"text":"a \#($0) text","label":"\#($0)"}"# + "\n" }
            let report = try await Self.importing(try fixture.folder.write("a.jsonl", lines.joined()), scope)
            #expect(report.added == 3 && report.unknownLabels.isEmpty)
            #expect(
                try fixture.number("SELECT count(*) AS n FROM lorikeet.annotations WHERE label = 'noisy'") == 1)
        }
    }

    @Test func wrongAnnotationsAreListedWithTheirRow() async throws {
        try await DaemonFixture.with { fixture in
            let scope = try Self.scope(fixture)
            for index in 0..<80 {
                let (word, label) = index % 2 == 0 ? ("brook", "calm") : ("!! ?!", "loud")
                let given = index == 40 ? "loud" : label
                try fixture.execute(
                    "INSERT INTO lorikeet.annotations (task, text, label) VALUES "
                        + "('noise', '\(word) \(index) \(word)', '\(given)')")
            }
            try fixture.execute(
                "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'x', 'unheard of')")
            let result = try await AnnotationReviewOperation.run(scope, count: 5, workers: 1)
            #expect(result.rows.first?.id == 41 && result.rows.first?.suggested == ["calm"])
            #expect(result.reviewedRows == 80 && result.unusableRows == 1)

            // Corrected by a newer annotation of the same text.
            try fixture.execute(
                "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'Brook 40  brook', 'calm')")
            let again = try await AnnotationReviewOperation.run(scope, count: 5, workers: 1)
            #expect(!again.rows.contains { $0.row.text == "brook 40 brook" || $0.row.text == "Brook 40  brook" })
        }
    }

    @Test func tooFewRowsAreNotReviewed() async throws {
        try await DaemonFixture.with { fixture in
            let scope = try Self.scope(fixture)
            let failure = await #expect(throws: CommandFailure.self) {
                try await AnnotationReviewOperation.run(scope, count: 5, workers: 1)
            }
            #expect(failure?.message.contains("0 usable rows; a review needs 20") == true)
        }
    }
}
