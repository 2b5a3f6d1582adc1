import AdapterRegistry
import ArgumentParser
import BERT
import JSON
import Reports

/// `lorikeet adapters show TASK [VERSION]`.
struct AdaptersShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One version of a task's adapter, by default the live one.",
        discussion: """
            EXAMPLES
              lorikeet adapters show section
              lorikeet adapters show section 3
              lorikeet adapters show section --json | jq '.labels'
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Argument(help: ArgumentHelp("The version.", valueName: "version"))
    var version: Int?

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let stored = try await registry.withStore { try await $0.load(digest: $0.version(version, of: task).digest) }
        if output.json {
            let more: [(key: String, value: JSONValue)] = [
                ("labels", .array(stored.manifest.labels.map { .string($0) })),
                ("rank", .integer(stored.manifest.configuration.rank)),
                ("alpha", .number(stored.manifest.configuration.alpha)),
                ("targets", .array(stored.manifest.configuration.targets.map { .string($0) })),
                ("layers", stored.manifest.configuration.layers.map { .array($0.map { .integer($0) }) } ?? .null),
                ("bytes", .integer(stored.weights.count)),
            ]
            let scores = Self.scores(stored.manifest)
            try StandardOutput.shared.line(JSONValue.object(VersionReport.members(stored.version) + more + scores).text)
            return
        }
        for (key, value) in Self.facts(stored) { try StandardOutput.shared.line(key.padded(to: 12) + value) }
    }

    /// What stands between the adapter's logits and its answers.
    private static func scores(_ manifest: AdapterManifest) -> [(key: String, value: JSONValue)] {
        [
            ("multi_label", .boolean(manifest.isMultiLabel)), ("temperature", .optional(manifest.temperature)),
            (
                "calibration",
                manifest.calibration.map {
                    .object([
                        ("error_before", .number($0.errorBefore)), ("error_after", .number($0.errorAfter)),
                        ("rows", .integer($0.rows)),
                    ])
                } ?? .null
            ),
            ("thresholds", manifest.thresholds.map { .array($0.map { .number($0) }) } ?? .null),
            (
                "abstention",
                .array(
                    (manifest.abstention ?? []).map {
                        .object([
                            ("precision", .number($0.precision)), ("threshold", .number($0.threshold)),
                            ("coverage", .number($0.coverage)),
                        ])
                    })
            ),
        ]
    }

    private static func scoreFacts(_ manifest: AdapterManifest) -> [(String, String)] {
        var facts: [(String, String)] = []
        if manifest.isMultiLabel {
            let thresholds = manifest.thresholds ?? manifest.labels.map { _ in 0.5 }
            facts.append(
                (
                    "thresholds",
                    zip(manifest.labels, thresholds).map { "\($0) \(Figure.share($1))" }.joined(separator: ", ")
                ))
        }
        if let temperature = manifest.temperature { facts.append(("temperature", Figure.decimal(temperature, 3))) }
        if let figures = manifest.calibration {
            facts.append(
                (
                    "calibration",
                    "error \(Figure.share(figures.errorBefore)) before, \(Figure.share(figures.errorAfter)) after (\(figures.rows) rows)"
                ))
        }
        for precision in [0.9, 0.95, 0.99] {
            guard let point = manifest.abstention(forPrecision: precision) else { continue }
            facts.append(
                (
                    "precision",
                    "\(precision): abstain below \(Figure.share(point.threshold)), covers \(Figure.share(point.coverage)) of texts"
                ))
        }
        return facts
    }

    private static func facts(_ stored: StoredAdapter) -> [(String, String)] {
        let (version, configuration) = (stored.version, stored.manifest.configuration)
        let layers = configuration.layers.map { $0.map(String.init).joined(separator: ",") } ?? "all"
        var facts = [
            ("task", version.task), ("version", "\(version.version) (\(version.state.rawValue))"),
            ("digest", version.digest),
            ("base", version.baseDigest), ("parent", version.parentDigest ?? "–"),
            ("labels", stored.manifest.labels.joined(separator: ", ")),
            ("adapter", "rank \(configuration.rank), alpha \(configuration.alpha), layers \(layers)"),
            ("targets", configuration.targetPattern ?? configuration.targets.joined(separator: ", ")),
            ("size", "\(stored.weights.count) bytes"),
            ("created", VersionReport.date(version.createdAt) + (stored.manifest.createdBy.map { " by \($0)" } ?? "")),
            ("promoted", VersionReport.date(version.promotedAt)),
        ]
        facts += Self.scoreFacts(stored.manifest)
        facts += version.metrics.sorted { $0.key < $1.key }.map { ($0.key, Figure.share($0.value)) }
        return facts
    }
}

extension String {
    /// The string with blanks behind it, up to a width.
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
