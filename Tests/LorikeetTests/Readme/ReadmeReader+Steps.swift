import Foundation
import PostgresClient
import TestSupport
import Testing

@testable import Lab

/// What the reader does at each step, and what the README promises of it.
extension ReadmeReader {
    /// Takes a step, unless it is taken elsewhere.
    func take(_ step: String) async throws {
        switch ReadmeCommand(step) {
        case .train: try await train(step)
        case .writePipelineFile: try writeFile(step)
        case .export: try export(step)
        case .migrate: try await migrate(step)
        case .check: try await check(step)
        case .test: try await test(step)
        case .run: try await run(step)
        case .selectLabels: try await selectLabels(step)
        case .insertAnnotation: try await insertAnnotation(step)
        case .retrain: try await retrain(step)
        case .listAdapters: try await listAdapters(step)
        case .rollBack: try await rollBack(step)
        case .selectRetrainings: try await selectRetrainings(step)
        case nil: break
        }
    }

    // MARK: - 1. Train

    private func train(_ command: String) async throws {
        let epochs = try await shell(command).lines.filter { $0.hasPrefix("epoch ") }
        #expect(!epochs.isEmpty)
        for figure in ["loss", "accuracy", "macro-F1"] { #expect(epochs.allSatisfy { $0.contains(figure) }) }
        let files = [
            "adapter_config.json", "adapter_model.safetensors", "lorikeet.json", "report.html", "training_rows.json",
        ]
        #expect(folder.content("adapters/urgency") == files)
        HTMLCheck.expectGood(try folder.text("adapters/urgency/report.html"))
    }

    // MARK: - 2. Write a pipeline file and check it

    private func writeFile(_ text: String) throws {
        let name = text.dropFirst(2).prefix { $0 != "\n" }
        try folder.write(String(name), text + "\n")
    }

    private func export(_ command: String) throws {
        for assignment in command.split(separator: " ").dropFirst() {
            let name = String(assignment.prefix { $0 != "=" })
            let server: String = try #require(servers[name], "the README exports \(name): the reader has no value")
            environment[name] = server
        }
        for name in servers.keys { #expect(environment[name] != nil, "the README does not export \(name)") }
    }

    private func migrate(_ command: String) async throws {
        #expect(try await shell(command).output.hasPrefix("schema lorikeet: version 0 -> "))
    }

    private func check(_ command: String) async throws {
        let outcome = try await shell(command)
        #expect(outcome.lines.last == "0 errors, 0 warnings", "\(outcome.output)")
    }

    private func test(_ command: String) async throws {
        let outcome = try await shell(command)
        let example = outcome.lines.filter { $0.contains("the whole site is down") }
        #expect(example.count == 1 && example[0].hasPrefix("pass"), "\(outcome.output)")
    }

    // MARK: - 3. Run it

    /// The port of the pages is a free one: another daemon may have the usual port.
    private func run(_ command: String) async throws {
        let words = command.split(separator: " ").map(String.init)
        daemon = try await DaemonProcess.start(
            program: BuiltProgram.url().path, pipeline: try #require(words.dropFirst(2).first),
            options: Array(words.dropFirst(3)), launcher: ["/usr/bin/env", "-C", folder.folder],
            environment: environment, log: logFile)
        try await produce(tickets.incoming.map { ["body": $0.text] })
        try await until("the texts are labelled") {
            try await database.number("SELECT count(*) FROM lorikeet.labels") == tickets.incoming.count
        }
        try await produce([["subject": "a record without a body"]])
        try await until("the record without a text is rejected") {
            try await database.number("SELECT count(*) FROM lorikeet.rejected WHERE stage <> '' AND reason <> ''") == 1
        }
    }

    private func selectLabels(_ statement: String) async throws {
        let result = try await database.execute(statement)
        #expect(result.columns == ["offset", "task", "label", "score"] && result.count == 10)
        var right = 0
        for row in result.rows {
            #expect(try row.text("task") == "urgency")
            let score = try row.double("score")
            #expect(score > 0 && score <= 1)
            let ticket = tickets.incoming[Int(try row.integer("offset"))]
            if try row.text("label") == ticket.label { right += 1 }
        }
        #expect(right >= 8, "\(right) of \(result.count) labels are right")
    }

    // MARK: - 4. Add labelled rows

    private func insertAnnotation(_ statement: String) async throws {
        try await database.execute(statement)
        let rows = try await database.execute("SELECT task, label FROM lorikeet.annotations")
        #expect(rows.count == 1)
        #expect(try rows.first?.text("task") == "urgency" && rows.first?.text("label") == "high")
    }

    private func annotate(_ rows: [Tickets.Row]) async throws {
        try await database.execute(
            """
            INSERT INTO lorikeet.annotations (task, text, label, annotator)
            SELECT 'urgency', text, label, 'kim' FROM unnest($1::text[], $2::text[]) AS rows (text, label)
            """, [.texts(rows.map(\.text)), .texts(rows.map(\.label))])
    }

    // MARK: - 5. Retrain

    /// Once with the README's one row, and once with rows enough to judge a challenger.
    private func retrain(_ command: String) async throws {
        let early = try await shell(command)
        #expect(early.output.hasPrefix("urgency: skipped: "), "\(early.output)")

        try await annotate(tickets.corrections)
        let outcome = try await shell(command)
        try #require(outcome.output.hasPrefix("urgency: promoted: "), "\(outcome.output)")
        try await untilInUse(version: 2)
        let claim = try await label(tickets.newClaims[0])
        #expect(claim == (label: "high", version: 2))
    }

    private func listAdapters(_ command: String) async throws {
        let outcome = try await shell(command)
        let versions = outcome.lines.dropFirst().map { $0.split(separator: " ").prefix(3).joined(separator: " ") }
        #expect(versions == ["urgency 1 retired", "urgency 2 live"], "\(outcome.output)")
    }

    private func rollBack(_ command: String) async throws {
        let outcome = try await shell(command)
        #expect(outcome.output.hasPrefix("urgency version 1 (") && outcome.output.hasSuffix(" is live again\n"))
        try await untilInUse(version: 1)
        #expect(try await label(tickets.newClaims[1]).version == 1)
    }

    private func selectRetrainings(_ statement: String) async throws {
        let result = try await database.execute(statement)
        let verdicts = try result.rows.map { try $0.text("verdict") }
        #expect(verdicts.sorted() == ["promoted", "skipped"])
        for row in result.rows { #expect(try !row.text("reason").isEmpty) }
    }

    // MARK: - At the end

    /// Ends the daemon as Ctrl-C does, and counts: every record has one row.
    func finish() async throws {
        let daemon = try #require(daemon, "the README does not run the daemon")
        daemon.signal(SIGINT)
        #expect(await daemon.exitStatus() == 0)
        #expect(try await database.number("SELECT count(*) FROM lorikeet.labels") == produced - 1)
        #expect(try await database.number("SELECT count(*) FROM lorikeet.rejected") == 1)
    }
}
