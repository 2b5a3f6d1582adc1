import Files
import FoundationEssentials
import Pipelines

/// `lorikeet init`: five questions, or flags in their place, and a pipeline file that `check` accepts.
///
/// Reads the topic's newest records to propose where the text is; shows names of fields and lengths, never a text.
public struct InitOperation {
    /// What the flags say.
    public struct Request: Sendable {
        /// `--name`; nil: as the topic.
        public var name: String?
        /// `--base`.
        public var base = "models/all-MiniLM-L6-v2"
        /// `--brokers`.
        public var brokers: String?
        /// `--topic`.
        public var topic: String?
        /// `--text`: a JSON Pointer, or `-` for the whole value.
        public var text: String?
        /// `--registry`.
        public var registry: String?
        /// `--task`.
        public var task: String?
        /// `--labels`.
        public var labels: [String] = []
        /// `--postgres`.
        public var postgres: String?
        /// `--output`; nil: the name with `.yaml`.
        public var output: String?
        /// `--force`: whether an existing file is replaced.
        public var force = false

        /// No flags.
        public init() {}

        /// The flags without which something must be asked; the text's place can be found in the records.
        var missing: [String] {
            let flags = [
                ("--brokers", brokers == nil), ("--topic", topic == nil), ("--task", task == nil),
                ("--labels", labels.isEmpty), ("--postgres", postgres == nil),
            ]
            return flags.filter(\.1).map(\.0)
        }
    }

    /// Asks a person: a question and its default; nil at the end of input.
    public typealias Ask = (_ question: String, _ fallback: String) -> String?

    private let request: Request
    private let ask: Ask?
    private let say: (String) -> Void
    private let environment: PipelineEnvironment

    /// - Parameters:
    ///   - request: what need not be asked.
    ///   - ask: nil where there is nobody to ask.
    ///   - say: notes for a person.
    ///   - environment: where the file is written, and what variables of answers are filled in with.
    public init(
        _ request: Request, ask: Ask?, say: @escaping (String) -> Void, environment: PipelineEnvironment = .process
    ) {
        (self.request, self.ask, self.say, self.environment) = (request, ask, say, environment)
    }

    private static let registry = "${SCHEMA_REGISTRY:-http://localhost:8081}"

    /// Asks, and writes the file.
    ///
    /// - Returns: the path of the file.
    public func run() async throws(CommandFailure) -> String {
        if ask == nil, !request.missing.isEmpty {
            let flags = request.missing.joined(separator: ", ")
            throw CommandFailure(.usage, "standard input is no terminal to ask questions on: give \(flags)")
        }
        if let output = request.output { try requireFree(output) }
        let draft = try await draft()
        let output = request.output ?? "\(draft.name).yaml"
        try requireFree(output)
        let problems = draft.problems(file: output, environment: environment)
        guard problems.isEmpty else {
            let words = problems.map { "\($0.key.map { "\($0): " } ?? "")\($0.message)" }
            throw CommandFailure(.usage, "nothing is written: " + words.joined(separator: "\nnothing is written: "))
        }
        do throws(FileError) {
            try AtomicFile(path: absolute(output)).replace(draft.yaml.utf8)
        } catch {
            throw CommandFailure(.failed, "\(output): \(error)")
        }
        remark(draft, output)
        return output
    }

    private func draft() async throws(CommandFailure) -> PipelineDraft {
        let brokers = try answer(request.brokers, "Kafka brokers", "localhost:9092")
        let topic = try answer(request.topic, "Topic with the texts", "texts")
        let sample = request.text == nil || ask != nil ? await sample(topic: topic, brokers: brokers) : nil
        let needsRegistry = request.registry != nil || sample?.needsRegistry == true
        let pointer = try pointer(sample, needsRegistry: needsRegistry)
        let (task, labels) = try taskAndLabels()
        let postgres = try answer(request.postgres, "PostgreSQL database", "${DATABASE_URL}")
        return PipelineDraft(
            name: request.name ?? Self.name(of: topic), base: request.base, brokers: brokers, topic: topic,
            pointer: pointer, registry: needsRegistry ? request.registry ?? Self.registry : nil, task: task,
            labels: labels, postgres: postgres)
    }

    // MARK: - Questions

    /// What the flag gives, or else a person.
    private func answer(
        _ given: String?, _ question: String, _ fallback: String
    ) throws(CommandFailure) -> String {
        if let given { return given }
        // Without a terminal, only the text's place is ever asked for: the records, or the default, say where it is.
        guard let ask else { return fallback }
        guard let text = ask(question, fallback) else {
            throw CommandFailure(.failed, "the input ended before the last question; nothing is written")
        }
        let trimmed = Self.trimmed(text)
        return trimmed.isEmpty ? fallback : trimmed
    }

    private func pointer(_ sample: TopicSample?, needsRegistry: Bool) throws(CommandFailure) -> String? {
        let proposal = sample?.proposal ?? (needsRegistry ? "/text" : "-")
        let text = try answer(
            request.text, "JSON Pointer to the text in a record, - for the whole value", proposal)
        return text.isEmpty || text == "-" ? nil : text
    }

    private func taskAndLabels() throws(CommandFailure) -> (task: String, labels: [String]) {
        let (task, labels) = ("urgency", "low, normal, high")
        switch (request.task, request.labels.isEmpty) {
        case (let task?, false): return (task, request.labels)
        case (let task?, true): return (task, Self.list(try answer(nil, "Labels of the task \(task)", labels)))
        case (nil, false): return (try answer(nil, "Task", task), request.labels)
        case (nil, true):
            let text = try answer(nil, "Task and its labels", "\(task): \(labels)")
            guard let colon = text.firstIndex(of: ":") else {
                throw CommandFailure(.usage, "write a task and its labels as in \(task): \(labels); nothing is written")
            }
            return (Self.trimmed(String(text[..<colon])), Self.list(String(text[text.index(after: colon)...])))
        }
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { trimmed(String($0)) }.filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    /// A topic's name is one of a pipeline; of a pattern, the letters are left.
    private static func name(of topic: String) -> String {
        let name = topic.filter { $0.isLetter || $0.isNumber || "-_".contains($0) || $0 == "." }
        let start = name.drop { !$0.isLetter && !$0.isNumber }
        return start.isEmpty ? "pipeline" : String(start)
    }

    // MARK: - Records

    private func sample(topic: String, brokers: String) async -> TopicSample? {
        guard let brokers = environment.filled(brokers), !topic.hasPrefix("^"), let topic = environment.filled(topic)
        else { return nil }
        do throws(CommandFailure) {
            let registry = environment.filled(request.registry ?? Self.registry)
            let (sample, topics) = try await TopicSample.read(topic: topic, brokers: brokers, registry: registry)
            if topics.contains(topic) {
                for line in sample.lines { say(line) }
            } else {
                say("there is no topic \(topic) yet" + Suggestion.text(for: topic, among: topics))
            }
            return sample
        } catch {
            say("the records cannot be read (\(error)); the text's place is not known")
            return nil
        }
    }

    // MARK: - The file

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : environment.workingDirectory + "/" + path
    }

    private func requireFree(_ output: String) throws(CommandFailure) {
        guard !request.force, FileManager.default.fileExists(atPath: absolute(output)) else { return }
        throw CommandFailure(.failed, "\(output) exists: name another file with --output, or replace it with --force")
    }

    /// What the file needs before a daemon can run it.
    private func remark(_ draft: PipelineDraft, _ output: String) {
        if draft.postgres.contains("password=") || draft.postgres.contains(#/:\/\/[^\/@]*:[^\/@]*@/#) {
            say("\(output) has a password in it: ${DATABASE_URL} or ${credential:NAME} would keep it out")
        }
        let base = draft.base.hasPrefix("/") ? draft.base : environment.workingDirectory + "/" + draft.base
        if !LoadedBase.isFolder(base) { say("there is no base at \(draft.base) yet") }
        say("next: lorikeet train … --output adapters/\(draft.task), then lorikeet check \(output)")
    }
}
