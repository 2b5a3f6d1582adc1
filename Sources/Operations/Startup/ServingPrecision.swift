import BERT
import Pipelines
import Threading
import Training
import WordPiece

/// The types in which the base of some pipelines computes, and why.
public struct ServingPrecision: Sendable {
    /// The types.
    public let precision: BasePrecision
    /// Why these; nil where a file or an option names the type.
    public let reason: String?
    /// The base in these types, where measuring has loaded it.
    let base: BERTBase?

    /// These types, whatever the pipeline files say.
    public init(_ precision: BasePrecision, reason: String? = nil) {
        (self.precision, self.reason, base) = (precision, reason, nil)
    }

    /// What was measured; but no layer is rounded more than where a live version was accepted. The rows that judged it
    /// then were held out, and there may have been more of them.
    init(_ choice: PrecisionChoice, _ evidence: [PrecisionChoice.Evidence]) {
        var (precision, reasons) = (choice.precision, [choice.reason])
        for task in evidence {
            guard let accepted = task.accepted, precision.isCoarser(than: accepted) else { continue }
            precision = precision.finer(accepted).onThisCPU
            reasons.append("the live version of \(task.task) was accepted over \(accepted)")
        }
        (self.precision, reason) = (precision, reasons.joined(separator: "; "))
        base = precision == choice.precision ? choice.base : nil
    }

    /// What a setting says. `auto` is float32 here: only ``resolve(files:environment:beforeMeasuring:)`` measures.
    init(_ setting: PrecisionSetting) {
        switch setting {
        case .fixed(let dataType):
            self.init(
                BasePrecision(dataType),
                reason: dataType.isFast ? nil : "this CPU has no instructions for it: float32 is faster")
        case .auto:
            self.init(.float32, reason: "not measured: run, retrain, relabel, replay, label and rejected retry do")
        }
    }

    /// With many tasks and layers, the search for those that cost too much could take hours.
    private static let longestSearch = Duration.seconds(600)

    /// What the files say. Under `auto`, it reads live adapters, labelled rows and texts from the databases, and
    /// measures what faster types cost (``PrecisionChoice``). What cannot be measured is float32, with the reason. No
    /// layer is rounded more than where the live versions were accepted.
    ///
    /// - Parameter beforeMeasuring: called under `auto`, before what may take minutes.
    /// - Returns: nil if the files cannot be read: loading the base says why.
    public static func resolve(
        files: [String], environment: PipelineEnvironment = .process, beforeMeasuring: () -> Void = {}
    ) async -> ServingPrecision? {
        guard let configuration = try? DaemonConfiguration.read(files: files, environment: environment) else {
            return nil
        }
        guard configuration.dtype == .auto else { return ServingPrecision(configuration.dtype) }
        beforeMeasuring()
        let begun = ContinuousClock.now
        do {
            let folder = configuration.base
            let loaded = try LoadedBase(reading: configuration, serving: ServingPrecision(.float32))
            let evidence = try await PrecisionChoice.Evidence.read(configuration, loaded: loaded)
            let choice = try await SystemThread.run(name: "dtype", stackSize: 8 << 20) {
                try PrecisionChoice.choose(
                    float32: loaded.base,
                    reduced: { try BERTBase(directory: folder, precision: BasePrecision($0), cache: true) },
                    tokenizer: loaded.tokenizer, evidence: evidence,
                    // The longest texts that any pipeline serves.
                    maxTokens: configuration.pipelines.map {
                        $0.batch.maxTokens(positions: loaded.base.configuration.positions)
                    }.max() ?? TokenLimit.standard,
                    isOver: { begun.duration(to: .now) > longestSearch })
            }
            return ServingPrecision(choice, evidence)
        } catch {
            return ServingPrecision(.float32, reason: "float32: what a faster type costs cannot be measured: \(error)")
        }
    }
}
