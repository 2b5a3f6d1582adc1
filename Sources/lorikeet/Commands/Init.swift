import ArgumentParser
import Glibc
import Operations
import Reports

/// `lorikeet init`.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a new pipeline file from five questions, or from flags.",
        discussion: """
            Asks for brokers, topic, where the text is, the task with its labels, and the
            database. Each question has a default. What a flag gives is not asked. Without
            a terminal, all but --text must be given by flags.

            Reads the topic's newest records, in no group, and proposes the field with the
            longest strings. It shows names of fields and lengths, never a text.

            An existing file is only replaced with --force.

            EXAMPLES
              lorikeet init
              lorikeet init --topic tickets --output tickets.yaml
              lorikeet init --brokers kafka:9092 --topic tickets --text /body \\
                  --task urgency --labels low,normal,high --postgres '${DATABASE_URL}'
            """)

    @Option(help: "Name of the pipeline. By default as the topic.")
    var name: String?

    @Option(help: ArgumentHelp("Folder of the base.", valueName: "dir"), completion: .directory)
    var base = "models/all-MiniLM-L6-v2"

    @Option(help: ArgumentHelp("Kafka brokers, separated by commas.", valueName: "host:port"))
    var brokers: String?

    @Option(help: "Topic with the texts.")
    var topic: String?

    @Option(help: ArgumentHelp("JSON Pointer to the text; - where the value is the text.", valueName: "pointer"))
    var text: String?

    @Option(help: ArgumentHelp("Schema registry, where records have a schema.", valueName: "url"))
    var registry: String?

    @Option(help: "Name of the task.")
    var task: String?

    @Option(help: ArgumentHelp("Labels of the task, separated by commas.", valueName: "label,label"))
    var labels: String?

    @Option(help: ArgumentHelp("Connection string of the database.", valueName: "dsn"))
    var postgres: String?

    @Option(
        help: ArgumentHelp("File to write. By default the pipeline's name with .yaml.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var output: String?

    @Flag(help: "Replace the file if it exists.")
    var force = false

    private var request: InitOperation.Request {
        var request = InitOperation.Request()
        (request.name, request.base, request.brokers, request.topic) = (name, base, brokers, topic)
        (request.text, request.registry, request.task, request.postgres) = (text, registry, task, postgres)
        request.labels = (labels ?? "").split(separator: ",").map { $0.split(separator: " ").joined(separator: " ") }
            .filter { !$0.isEmpty }
        (request.output, request.force) = (output, force)
        return request
    }

    func run() async throws {
        let isTerminal = isatty(STDIN_FILENO) == 1
        let ask: InitOperation.Ask = { question, fallback in
            StandardError.write(raw: "\(question) [\(fallback)]: ")
            return readLine()
        }
        let operation = InitOperation(request, ask: isTerminal ? ask : nil, say: { StandardError.write($0) })
        try StandardOutput.shared.line("wrote \(await operation.run())")
    }
}
