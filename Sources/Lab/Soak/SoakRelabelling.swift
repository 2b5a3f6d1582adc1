import BERT
import Glibc
import JSON
import Threading

/// `lorikeet relabel` beside the daemons of a soak: each time after a promotion, and for as long as it has something to
/// do, whatever else breaks meanwhile.
actor SoakRelabelling {
    private let pipeline: String
    private let environment: [String: String]
    private let tasks: [String]
    private let base: BERTBase
    private let labels: Int
    private let folder: ScratchFolder
    private var process: ChildProcess?
    private var promotions = 0
    /// Each end that was neither an interruption nor an outage, in words.
    private(set) var unexpectedExits: [String] = []

    /// - Parameters:
    ///   - pipeline: the pipeline file.
    ///   - labels: how many each of its tasks has.
    init(
        pipeline: String, environment: [String: String], tasks: [String], base: BERTBase, labels: Int,
        folder: ScratchFolder
    ) {
        (self.pipeline, self.environment, self.tasks) = (pipeline, environment, tasks)
        (self.base, self.labels, self.folder) = (base, labels, folder)
    }

    /// Promotes another adapter and relabels. A process that still runs is killed: the next one continues.
    func begin(random: UInt64) async throws {
        kill()
        try await promote(task: tasks[Int(random % UInt64(tasks.count))])
        let child = try ChildProcess(
            program: OwnProgram.path, arguments: ["relabel", "--pipeline", pipeline, "--workers", "1", "--history"],
            environment: OwnProgram.environment(adding: environment), capture: .both)
        process = child
        Task { self.ended(child, await child.ending()) }
    }

    /// Ends the process at once, if one runs.
    func kill() {
        process?.kill()
        process = nil
    }

    /// Relabels what was produced last, to the end, while nothing is broken.
    func finish() async throws {
        kill()
        try await promote(task: tasks[0])
        let (status, output) = try await OwnProgram.run(
            ["relabel", "--pipeline", pipeline, "--since", "10s", "--history", "--json"], environment: environment)
        let line = output.split(separator: "\n").last { $0.hasPrefix("{") } ?? ""
        let report = try? JSONParser.parse(Array(line.utf8))
        func number(_ key: String) -> Double? {
            guard case .number(let number) = report?[key] else { return nil }
            return number
        }
        guard status == 0, let rows = number("rows"), let relabelled = number("relabelled"),
            let overtaken = number("overtaken"), rows == relabelled + overtaken
        else {
            unexpectedExits.append("the last relabelling: status \(status): \(output.suffix(1000))")
            return
        }
    }

    private func promote(task: String) async throws {
        promotions += 1
        let path = folder.path("promotion-\(promotions)")
        try RandomAdapter.make(over: base, labels: labels, seed: UInt64(1000 + promotions)).write(to: path)
        let (status, output) = try await OwnProgram.run(
            ["adapters", "import", task, path, "--pipeline", pipeline, "--promote"], environment: environment)
        guard status == 0 else {
            throw LabError("adapters import ended with status \(status):\n\(output.suffix(1000))")
        }
    }

    /// Without a database at its start it ends with 1.
    private func ended(_ child: ChildProcess, _ ending: ChildProcess.Ending) {
        if process === child { process = nil }
        guard ![0, 1, 128 + SIGKILL].contains(ending.status) else { return }
        let output = String(decoding: ending.output.suffix(1000), as: UTF8.self)
        unexpectedExits.append("relabelling: status \(ending.status): \(output)")
    }
}
