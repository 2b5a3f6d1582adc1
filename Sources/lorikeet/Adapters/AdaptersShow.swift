import AdapterRegistry
import ArgumentParser
import BERT
import DaemonClient
import Drift
import JSON
import Operations
import Reports
import Retraining

/// `lorikeet adapters show TASK [VERSION]`.
struct AdaptersShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one version of an adapter, by default the live one.",
        discussion: """
            EXAMPLES
              lorikeet adapters show section
              lorikeet adapters show section 3
              lorikeet adapters show section --json | jq '.labels'
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Argument(help: ArgumentHelp("The version. Default: the live one.", valueName: "version"))
    var version: Int?

    @OptionGroup var databaseOptions: DatabaseOptions
    @OptionGroup var place: DaemonPlaceOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let operation = AdaptersOperation(databaseOptions.source)
        let stored = try await operation.load(task: task, version: version)
        let reference = try await operation.driftReference(of: stored)
        let measured = try await operation.measuredAccuracy(of: stored)
        let census = try await operation.census(of: task, manifest: stored.manifest)
        let shadow = try await operation.shadowComparison(of: stored.version)
        let promotions = try await operation.promotions(of: stored.version)
        let live = stored.version.state == .live ? liveDrift(of: stored.version) : nil
        if output.json {
            let members =
                stored.members + [
                    ("drift_reference", (try? reference?.get())?.json ?? .null),
                    ("drift", (try? live?.get())?.json ?? .null),
                    ("measured_accuracy", measured.json), ("shadow_comparison", shadow?.value ?? .null),
                    ("promotions", promotions.json),
                ] + census.members
            try StandardOutput.shared.line(JSONValue.object(members).text)
        } else {
            let compared = shadow.map { [(name: "compared", value: ShadowReason($0).figures)] } ?? []
            let history = stored.facts + promotions.earlierFacts + compared
            let facts = history + reference.driftFacts + live.facts + measured.facts + census.facts
            for (name, value) in facts {
                let padding = String(repeating: " ", count: max(1, 12 - name.count))
                try StandardOutput.shared.line(name + padding + value)
            }
        }
    }
}

extension AdaptersShow {
    /// What a daemon knows of the texts that it labels with this version now, or why nobody says.
    private func liveDrift(of version: AdapterVersion) -> Result<DaemonStatus.Drift, DaemonClientError> {
        Result { () throws(DaemonClientError) in
            let place = try place.place()
            let status = try StatusFeed(place).next()
            let tasks = (status.pipelines ?? []).flatMap { $0.tasks ?? [] }
            guard let task = tasks.first(where: { $0.name == version.task && $0.adapter?.digest == version.digest })
            else { throw .noAnswer("\(place)", reason: "the daemon labels nothing with this version") }
            return task.drift ?? DaemonStatus.Drift()
        }
    }
}

extension Result<DaemonStatus.Drift, DaemonClientError>? {
    fileprivate var facts: [(name: String, value: String)] {
        switch self {
        case nil: []
        case .failure(let error)?: [("live texts", "unknown: \(error)")]
        case .success(let drift)?:
            [("live texts", [drift.text, drift.accuracyText].compactMap(\.self).joined(separator: "; "))]
        }
    }
}

extension DaemonStatus.Drift {
    fileprivate var text: String { alarm == nil ? "too few yet" : alarmText ?? "no drift" }

    fileprivate var json: JSONValue? {
        guard let text = try? JSONValue.encoded(self) else { return nil }
        return try? JSONParser.parse(Array(text.utf8))
    }
}

extension Result<DriftReference, DriftReferenceError>? {
    fileprivate var driftFacts: [(name: String, value: String)] {
        switch self {
        case nil: [("drift", "no reference yet")]
        case .failure(let error)?: [("drift", "\(error)" + (error.isDamage ? "; live texts replace it" : ""))]
        case .success(let reference)?: [("drift", reference.fact), ("distances", reference.spreadFact)]
        }
    }
}

extension [PastPromotion] {
    fileprivate var json: JSONValue {
        .array(
            map { past in
                .object([
                    ("promoted_at", .date(past.date)), ("promoted_by", .optional(past.promotion?.by)),
                    ("reason", .optional(past.promotion?.reason)),
                ])
            })
    }

    /// All but the last, which the version itself names.
    fileprivate var earlierFacts: [(name: String, value: String)] {
        dropLast().map { (name: "earlier", value: $0.line) }
    }
}

extension PastPromotion {
    fileprivate var line: String { date.text + (promotion.map { " by \($0.by): \($0.reason)" } ?? "") }
}

extension [MeasuredAccuracy.Sample: MeasuredAccuracy] {
    fileprivate var json: JSONValue {
        .object(
            MeasuredAccuracy.Sample.allCases.compactMap { sample in
                self[sample].map { measured in
                    let members: [(key: String, value: JSONValue)] = [
                        ("accuracy", .number(measured.accuracy)), ("lower", .number(measured.interval.lowerBound)),
                        ("upper", .number(measured.interval.upperBound)), ("texts", .integer(measured.texts)),
                    ]
                    return (key: sample.rawValue, value: .object(members))
                }
            })
    }

    /// A random sample first: only that says how good the adapter is on the stream.
    fileprivate var facts: [(name: String, value: String)] {
        MeasuredAccuracy.Sample.allCases.compactMap { sample in
            self[sample].map { measured in
                let bounds = [measured.interval.lowerBound, measured.interval.upperBound].map { Figure.share($0) }
                let texts =
                    switch sample {
                    case .random: "randomly chosen annotated texts"
                    case .chosen: "annotated texts, not a random sample: usually harder than the stream"
                    }
                let accuracy = "accuracy \(Figure.share(measured.accuracy)) (\(bounds.joined(separator: " to ")))"
                return (name: "measured", value: "\(accuracy) on \(measured.texts) \(texts)")
            }
        }
    }
}

extension DriftReference {
    /// From which distance on texts are rare.
    fileprivate var spreadFact: String {
        let points = [0.05, 0.01, 0.001].compactMap { share in
            spread?.distance(exceededBy: share).map { "\(Figure.share(share)) beyond \(Figure.decimal($0, 3))" }
        }
        return points.isEmpty ? "unknown" : "texts: " + points.joined(separator: ", ")
    }

    /// Which texts live ones are compared with.
    fileprivate var fact: String {
        let texts =
            switch source {
            case .heldOut: "held-out rows"
            case .stored: "stored texts"
            case .live: "live texts"
            }
        let accuracy = profile.estimatedAccuracy.map { ", estimated accuracy \(Figure.share($0))" } ?? ""
        return "reference of \(profile.texts) \(texts)\(accuracy)"
    }

    fileprivate var json: JSONValue {
        .object([
            ("source", .string(source.rawValue)), ("texts", .integer(profile.texts)),
            ("estimated_accuracy", .optional(profile.estimatedAccuracy)),
        ])
    }
}

extension StoredAdapter {
    // MARK: - JSON

    fileprivate var members: [(key: String, value: JSONValue)] {
        let configuration = manifest.configuration
        return version.members + [
            ("labels", .array(manifest.labels.map { .string($0) })),
            ("rank", .integer(configuration.rank)),
            ("alpha", .number(configuration.alpha)),
            ("targets", .array(configuration.targets.map { .string($0) })),
            ("layers", configuration.layers.map { .array($0.map { .integer($0) }) } ?? .null),
            ("bytes", version.isPruned ? .null : .integer(weights.count)),
        ] + scoreMembers
    }

    /// How logits become labels.
    private var scoreMembers: [(key: String, value: JSONValue)] {
        let calibration = manifest.calibration.map { figures in
            JSONValue.object([
                ("error_before", .number(figures.errorBefore)), ("error_after", .number(figures.errorAfter)),
                ("rows", .integer(figures.rows)),
            ])
        }
        let abstention = (manifest.abstention ?? []).map { point in
            JSONValue.object([
                ("precision", .number(point.precision)), ("threshold", .number(point.threshold)),
                ("coverage", .number(point.coverage)),
            ])
        }
        return [
            ("multi_label", .boolean(manifest.isMultiLabel)), ("temperature", .optional(manifest.temperature)),
            ("calibration", calibration ?? .null),
            ("thresholds", manifest.thresholds.map { .array($0.map { .number($0) }) } ?? .null),
            ("abstention", .array(abstention)),
        ]
    }

    // MARK: - Lines

    fileprivate var facts: [(name: String, value: String)] {
        let configuration = manifest.configuration
        let layers = configuration.layers.map { $0.map(String.init).joined(separator: ",") } ?? "all"
        let metrics = version.metrics.sorted { $0.key < $1.key }.map { ($0.key, Figure.share($0.value)) }
        return [
            ("task", version.task), ("version", "\(version.version) (\(version.state.rawValue))"),
            ("digest", version.digest), ("base", version.baseDigest), ("dtype", dtype),
            ("parent", version.parentDigest ?? "–"),
            ("labels", manifest.labels.joined(separator: ", ")),
            ("adapter", "rank \(configuration.rank), alpha \(configuration.alpha), layers \(layers)"),
            ("targets", configuration.targetPattern ?? configuration.targets.joined(separator: ", ")),
            ("size", version.isPruned ? "the weights were removed (adapters prune)" : "\(weights.count) bytes"),
            ("created", version.createdAt.text + (manifest.createdBy.map { " by \($0)" } ?? "")),
            ("promoted", promotion), ("rows", version.trainingRange?.line ?? "unknown"),
        ] + scoreFacts + metrics + (version.shadow.map { [("shadow", $0.line)] } ?? [])
    }

    private var dtype: String {
        manifest.trainingDataType.rawValue + (version.acceptedDtype.map { ", accepted over \($0)" } ?? "")
    }

    private var promotion: String {
        version.promotedAt.map { PastPromotion(date: $0, promotion: version.promotion).line } ?? "–"
    }

    private var scoreFacts: [(name: String, value: String)] {
        var facts: [(name: String, value: String)] = []
        if manifest.isMultiLabel {
            let thresholds = manifest.thresholds ?? manifest.labels.map { _ in 0.5 }
            let pairs = zip(manifest.labels, thresholds).map { "\($0) \(Figure.share($1))" }
            facts.append(("thresholds", pairs.joined(separator: ", ")))
        }
        if let temperature = manifest.temperature { facts.append(("temperature", Figure.decimal(temperature, 3))) }
        if let figures = manifest.calibration {
            let (before, after) = (Figure.share(figures.errorBefore), Figure.share(figures.errorAfter))
            facts.append(("calibration", "error \(before) before, \(after) after (\(figures.rows) rows)"))
        }
        for precision in [0.9, 0.95, 0.99] {
            guard let point = manifest.abstention(forPrecision: precision) else { continue }
            let (threshold, coverage) = (Figure.share(point.threshold), Figure.share(point.coverage))
            facts.append(("precision", "\(precision): abstention threshold \(threshold), coverage \(coverage)"))
        }
        return facts
    }
}

extension LabelCensus {
    fileprivate var members: [(key: String, value: JSONValue)] {
        let rows = rows.sorted { $0.key < $1.key }.map { (key: $0.key, value: JSONValue.integer($0.value)) }
        let kinds = UnusableRowKind.allCases.map { kind in
            (key: kind.rawValue, value: JSONValue.integer(summary.unusableKinds[kind, default: 0]))
        }
        return [("labelled_rows", .object(rows)), ("unusable_rows", .object(kinds))]
    }

    fileprivate var facts: [(name: String, value: String)] {
        let named = rows.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return [("rows", named.joined(separator: ", "))] + (description.sentence.map { [("unusable", $0)] } ?? [])
    }
}
