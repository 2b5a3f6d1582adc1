import ArgumentParser
import Connectors
import Daemon
import Logging
import Operations
import Reports

/// `lorikeet forget`: one person's texts.
struct Forget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove one person's texts from every table; list the adapters trained on them.",
        discussion: """
            Finds the records with a key or a text, in all pipelines, and deletes their
            rows from messages, labels, labels_history, shadow_labels, rejected, outbox
            and annotations, in small transactions. Daemons may run meanwhile.

            Run it with --dry-run first, and keep the list of adapters: what is removed
            cannot be compared again. Run it once more when everything that was in flight
            is stored. Kafka, backups and the adapters themselves are not changed.

            EXAMPLES
              lorikeet forget --key customer-4711 --dry-run
              lorikeet forget --text-file texts.jsonl --json
            """)

    @Option(help: ArgumentHelp("The key of the person's Kafka records.", valueName: "key"))
    var key: String?

    @Option(help: ArgumentHelp("The key in hexadecimal digits, if it is not text.", valueName: "digits"))
    var keyHex: HexadecimalBytes?

    @Option(
        help: ArgumentHelp(
            "The person's texts as they are stored: one per line, or rows of .jsonl, .csv or .tsv.", valueName: "file"),
        completion: .file())
    var textFile: String?

    @Flag(help: "Only count the rows and name the adapters.")
    var dryRun = false

    @OptionGroup var databaseOptions: DatabaseOptions

    @Option(help: "Format of log lines.")
    var logFormat = LogFormat.logfmt

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard [key != nil, keyHex != nil, textFile != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("give one of --key, --key-hex and --text-file")
        }
        if key?.isEmpty == true { throw ValidationError("--key must not be empty") }
    }

    func run() async throws {
        DaemonLogging.bootstrap(format: logFormat, level: .notice)
        let bar = ProgressBar("forget", unit: "records")
        defer { bar.clear() }
        let (source, subject, isDryRun) = (databaseOptions.source, try subject(), dryRun)
        let report = try await Interruption.cancelling {
            try await ForgetOperation.run(
                source, subject, isDryRun: isDryRun, logger: Logger(label: "lorikeet.forget"),
                progress: { bar.update($0, of: $1) })
        }
        bar.clear()
        if output.json { return try StandardOutput.shared.line(report.json.text) }
        try print(report)
    }

    private func subject() throws -> ForgottenSubject {
        if let textFile {
            let texts = try TextInput(path: textFile).texts(limit: nil).filter { !$0.isEmpty }
            guard !texts.isEmpty else { throw CommandFailure(.failed, "\(textFile): no texts") }
            return .texts(texts)
        }
        return .key(keyHex?.bytes ?? Array((key ?? "").utf8))
    }

    private func print(_ report: ForgetReport) throws {
        var table = TextTable(.left("table"), .right(report.isDryRun ? "rows to delete" : "rows deleted"))
        for name in ForgottenTable.allCases { table.add(name.rawValue, String(report.rows[name] ?? 0)) }
        try table.print()
        if !report.adapters.isEmpty {
            var table = TextTable(.left("task"), .right("version"), .left("state"), .right("trained on"))
            for adapter in report.adapters {
                table.add(adapter.task, String(adapter.version), adapter.state, String(adapter.texts))
            }
            try table.print()
        }
        for note in report.notes { StandardError.write(note) }
    }
}

extension Forget {
    /// Bytes as pairs of hexadecimal digits.
    struct HexadecimalBytes: ExpressibleByArgument {
        let bytes: [UInt8]

        init?(argument: String) {
            let digits = Array(argument.utf8)
            guard !digits.isEmpty, digits.count.isMultiple(of: 2) else { return nil }
            var bytes: [UInt8] = []
            for place in stride(from: 0, to: digits.count, by: 2) {
                guard let high = Character(Unicode.Scalar(digits[place])).hexDigitValue,
                    let low = Character(Unicode.Scalar(digits[place + 1])).hexDigitValue
                else { return nil }
                bytes.append(UInt8(high << 4 | low))
            }
            self.bytes = bytes
        }
    }
}
