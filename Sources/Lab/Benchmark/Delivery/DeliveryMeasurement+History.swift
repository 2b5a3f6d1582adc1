import Reports
import Threading

/// How fast commands label what is stored, in a topic or in a file, what that costs a daemon, and how much memory they
/// need: pairs of runs, in turn.
extension DeliveryMeasurement {
    /// A command that sends many texts through the serving path at once.
    enum HistoryCommand: String, CaseIterable {
        case relabel, replay, label
    }

    /// Texts for a command, in a pipeline of its own.
    private struct Work {
        let command: HistoryCommand
        let pipeline: String
        let arguments: [String]
    }

    /// Rows per second of a command, relative to what a daemon delivers.
    func rate(of command: HistoryCommand, as figure: DeliveryFigure) async throws -> DeliveryRow {
        var pairs: [(Double, Double)] = []
        for _ in 0..<runs {
            let work = try await work(for: command, testbed.texts.count, of: testbed.texts)
            // It is the daemon that publishes the adapter.
            let daemon = try await delivered(daemons: 1, workers: cores)
            _ = try await peakMegabytes(of: work)
            pairs.append((try await testbed.database.storedPerSecond(pipeline: work.pipeline), daemon))
        }
        return ratio(figure, "rows/s of `lorikeet \(command.rawValue)`, relative to one daemon", pairs)
    }

    /// The rate of one daemon on all cores beside a command, relative to the rate without.
    func rate(beside command: HistoryCommand, as figure: DeliveryFigure) async throws -> DeliveryRow {
        var pairs: [(Double, Double)] = []
        for _ in 0..<runs {
            let without = try await delivered(daemons: 1, workers: cores)
            pairs.append((try await delivered(beside: command), without))
        }
        return ratio(
            figure, "documents/s beside `lorikeet \(command.rawValue)`, relative to without", pairs, goal: "0.85")
    }

    private func delivered(beside command: HistoryCommand) async throws -> Double {
        let (name, topic) = (await testbed.freshName("beside"), try await testbed.makeTopic())
        // More than are labelled in the time that the daemon needs for its texts.
        let count = 4 * testbed.texts.count
        let work = try await work(for: command, count, of: testbed.texts)
        let daemon = try await testbed.start([await testbed.pipeline(name, topic: topic)], workers: cores)
        try await testbed.waitUntilAssigned([daemon])
        let child = try start(work)
        async let ending = child.ending()
        do {
            try await Waiting.until("\(command.rawValue) labels nothing", within: .seconds(180)) {
                try await labelledRows(of: work) > 0
            }
            try await deliverTexts(to: topic, pipeline: name)
        } catch {
            child.kill()
            throw error
        }
        let left = count - (try await labelledRows(of: work))
        child.kill()
        _ = await ending
        try await testbed.end([daemon])
        guard left > 0 else {
            throw LabError("\(command.rawValue) ended before the daemon had its texts; give more texts")
        }
        return try await testbed.database.storedPerSecond(pipeline: name)
    }

    /// The highest memory of each command over a tenth of a backlog, and over all of it, with short texts.
    func historyMemory() async throws -> DeliveryRow {
        try await publishAdapter()
        let texts = testbed.texts.prefix(1000).map { String($0.prefix(40)) }
        let counts = [backlog / 10, backlog]
        var (values, ratios): ([String], [Double]) = ([], [])
        for command in HistoryCommand.allCases {
            var peaks: [Double] = []
            for count in counts {
                let work = try await work(for: command, count, of: texts)
                peaks.append(Double(try await peakMegabytes(of: work)))
                let rows = try await labelledRows(of: work)
                guard rows == count else { throw LabError("\(command.rawValue): \(rows) of \(count) rows") }
                // What follows must not pay for these rows.
                try await testbed.database.emptyLabels()
            }
            values.append(peaks.map { Figure.decimal($0, 0) }.joined(separator: " / "))
            ratios.append(peaks[1] / max(1, peaks[0]))
        }
        let commands = HistoryCommand.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        return DeliveryRow(
            figure: .historyMemory,
            name: "peak memory of \(commands) over \(counts[0]) / \(counts[1]) short texts, MB",
            number: ratios.max() ?? 0, value: values.joined(separator: ", "), goal: "1.25 times at most",
            details: "\(ratios.map { Figure.decimal($0, 2) }.joined(separator: ", ")) times")
    }

    /// Lets a daemon publish the adapter.
    private func publishAdapter() async throws {
        let (name, topic) = (await testbed.freshName("first"), try await testbed.makeTopic())
        let daemon = try await testbed.start([await testbed.pipeline(name, topic: topic)], workers: cores)
        try await testbed.waitUntilAssigned([daemon])
        try await testbed.end([daemon])
    }

    // MARK: - Work

    /// - Parameter texts: they are repeated.
    private func work(for command: HistoryCommand, _ count: Int, of texts: [String]) async throws -> Work {
        let name = await testbed.freshName(command.rawValue)
        var arguments: [String] = []
        var topic = "stored"
        switch command {
        case .relabel: try await testbed.storeTexts(texts, count: count, pipeline: name)
        case .replay:
            let partitions = DeliveryTestbed.backlogPartitions
            topic = try await testbed.makeTopic(partitions: partitions)
            try await testbed.produce(count, to: topic, partitions: partitions) { texts[$0 % texts.count] }
            for partition in 0..<partitions { arguments += ["--offsets", "\(topic):\(partition):0-"] }
        case .label:
            arguments = ["--input", try await testbed.writeRows(texts, count: count, name: name), "--name", name]
        }
        let file = try await testbed.writePipeline(name, topic: topic)
        return Work(
            command: command, pipeline: name,
            arguments: [command.rawValue, "--pipeline", file, "--workers", "\(cores)"] + arguments)
    }

    private func labelledRows(of work: Work) async throws -> Int {
        work.command == .relabel
            ? try await testbed.database.relabelledRows(pipeline: work.pipeline)
            : try await testbed.database.storedRows(pipeline: work.pipeline)
    }

    private func start(_ work: Work) throws -> ChildProcess {
        try ChildProcess(
            program: OwnProgram.path, arguments: work.arguments,
            environment: OwnProgram.environment(adding: ["DATABASE_URL": testbed.database.dsn]), capture: .both)
    }

    /// Runs a command to its end.
    ///
    /// - Returns: the highest resident memory that it had.
    private func peakMegabytes(of work: Work) async throws -> Int {
        let child = try start(work)
        let memory = ProcessMemory(of: child.processID)
        // The kernel keeps the highest value, so the last look is enough; nobody tells when that is.
        let looking = Task {
            var peak = 0
            while !Task.isCancelled {
                peak = memory.peakMegabytes ?? peak
                try? await Task.sleep(for: .milliseconds(20))
            }
            return peak
        }
        let ending = await withTaskCancellationHandler {
            await child.ending()
        } onCancel: {
            child.terminate()
        }
        looking.cancel()
        try Task.checkCancellation()
        guard ending.status == 0 else {
            let output = String(decoding: ending.output.suffix(1000), as: UTF8.self)
            throw LabError("\(work.command.rawValue) ended with status \(ending.status):\n\(output)")
        }
        return await looking.value
    }
}
