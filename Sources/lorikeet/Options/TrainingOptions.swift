import ArgumentParser
import BERT
import Training

/// The hyper-parameters as flags, shared by `train` and `benchmark train`. ``Hyperparameter`` declares help, default
/// and range.
struct TrainingOptions: ParsableArguments {
    @Option(.rank) var rank: Int?
    @Option(.alpha) var alpha: Float?
    @Flag(name: .customLong(Hyperparameter.rslora.flag), inversion: .prefixedNo, help: ArgumentHelp(.rslora))
    var rslora: Bool?
    @Option(.dropout) var dropout: Float?
    @Option(.targets) var targets: TargetSelection?
    @Option(.layers) var layers: LayerSelection?
    @Option(.bias) var bias: LoRAConfiguration.Bias?
    @Option(.initialization) var initialization: LoRAConfiguration.Initialization?
    @Option(.epochs) var epochs: Int?
    @Option(.steps) var steps: Int?
    @Option(.batch) var batch: Int?
    @Option(.accumulation) var accumulation: Int?
    @Option(.rate) var rate: Float?
    @Option(.loraPlusRatio) var loraPlusRatio: Float?
    @Option(.schedule) var schedule: TrainingSettings.Schedule?
    @Option(.weightDecay) var weightDecay: Float?
    @Option(.warmup) var warmup: Float?
    @Option(.clip) var clip: Float?
    @Option(.classWeights) var classWeights: ClassWeighting?
    @Option(.labelSmoothing) var labelSmoothing: Float?
    @OptionGroup var length: LengthOptions
    @OptionGroup var longTextsOption: LongTextsOption
    @Option(.seed) var seed: UInt64?
    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        guard epochs == nil || steps == nil else { throw ValidationError("give --epochs or --steps, not both") }
        var settings = TrainingSettings()
        apply(to: &settings)
        try settings.validate()
    }

    /// The settings, if the base has the layers and positions that they ask for.
    ///
    /// - Parameter start: an adapter to start from; what is not given of the adapter's shape is taken from it.
    func settings(for base: BERTBase, startingFrom start: Adapter? = nil) throws -> TrainingSettings {
        var settings = TrainingSettings()
        if let start { settings.takeShape(of: start.manifest.configuration) }
        apply(to: &settings)
        // A is not initialized where training starts from an adapter.
        if let start { settings.initialization = start.manifest.configuration.initialization }
        if let layers { settings.layers = try layers.layers(of: base.configuration.layers) }
        settings.maxTokens = try length.checked(against: base)
        // As the adapter that it starts from was trained, unless something else is given.
        settings.longTexts = start.map { longTextsOption.choice.longTexts(for: $0.manifest) } ?? longTextsOption.given
        return settings
    }

    /// Sets what is given and does not depend on the base.
    private func apply(to settings: inout TrainingSettings) {
        func set<Value>(
            _ parameter: Hyperparameter, _ path: WritableKeyPath<TrainingSettings, Value>, _ value: Value?
        ) {
            guard let value else { return }
            settings[keyPath: path] = value
            settings.given.insert(parameter.key)
        }
        set(.rank, \.rank, rank)
        set(.alpha, \.alpha, alpha)
        set(.rslora, \.usesRSLoRA, rslora)
        set(.dropout, \.dropout, dropout)
        set(.targets, \.targets, targets?.names)
        if layers != nil { settings.given.insert(Hyperparameter.layers.key) }
        set(.bias, \.bias, bias)
        set(.initialization, \.initialization, initialization)
        set(.epochs, \.epochs, epochs)
        set(.steps, \.steps, steps)
        set(.batch, \.batchSize, batch)
        set(.accumulation, \.accumulation, accumulation)
        set(.rate, \.learningRate, rate)
        set(.loraPlusRatio, \.loraPlusRatio, loraPlusRatio)
        set(.schedule, \.schedule, schedule)
        set(.weightDecay, \.weightDecay, weightDecay)
        set(.warmup, \.warmup, warmup)
        set(.clip, \.clipping, clip)
        set(.classWeights, \.classWeighting, classWeights)
        set(.labelSmoothing, \.labelSmoothing, labelSmoothing)
        set(.seed, \.seed, seed)
        set(.workers, \.workers, workerOptions.workers)
    }
}

// MARK: - Options from declarations

extension Option {
    /// The flag of a hyper-parameter, with its help; nil where it is not given.
    init<Argument: ExpressibleByArgument>(_ parameter: Hyperparameter) where Value == Argument? {
        self.init(name: .customLong(parameter.flag), help: ArgumentHelp(parameter))
    }
}

extension ArgumentHelp {
    /// The sentence and the default of a hyper-parameter.
    init(_ parameter: Hyperparameter) {
        let summary = parameter.summary.prefix(1).uppercased() + parameter.summary.dropFirst() + "."
        let value = parameter.text(in: .automatic).map { " (default: \($0))" } ?? ""
        self.init("\(summary)\(value)", valueName: parameter.placeholder)
    }
}

extension Hyperparameter {
    /// What stands for the value in a usage line.
    fileprivate var placeholder: String {
        switch value {
        case .integer, .optionalInteger, .unsigned: "n"
        case .number: "x"
        case .flag: "flag"
        case .choice: "name"
        case .targets: "names"
        case .layers: "layers"
        case .classWeights: "weights"
        }
    }
}

extension TrainingSettings {
    /// Refuses values out of range, by the name of their flag.
    func validate() throws(ValidationError) {
        if let (parameter, problem) = violation { throw ValidationError("--\(parameter.flag) \(problem)") }
    }
}

extension LoRAConfiguration.Bias: ExpressibleByArgument {}
extension LoRAConfiguration.Initialization: ExpressibleByArgument {}
extension TrainingSettings.Schedule: ExpressibleByArgument {}
extension TrainingRecipe: ExpressibleByArgument {}

extension ClassWeighting: ExpressibleByArgument {
    /// `none`, `balanced`, or `LABEL=WEIGHT,…`; a label may contain `=` itself.
    public init?(argument: String) {
        switch argument {
        case "none": self = .none
        case "balanced": self = .balanced
        default:
            var weights: [String: Float] = [:]
            for pair in argument.split(separator: ",") {
                guard let equals = pair.lastIndex(of: "="), let weight = Float(pair[pair.index(after: equals)...]),
                    weight.isFinite, weight > 0
                else { return nil }
                weights[String(pair[..<equals])] = weight
            }
            if weights.isEmpty { return nil }
            self = .given(weights)
        }
    }
}

extension TrainingOptions {
    /// `--search`: search better hyper-parameters before the training.
    struct SearchOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Search around the given settings: try this many, then train fully with the best.", valueName: "n"))
        var search: Int?

        @Option(help: ArgumentHelp("End the search after this many minutes, with the best so far.", valueName: "n"))
        var searchMinutes: Double?

        func validate() throws {
            guard search.map({ (2...1_000).contains($0) }) ?? true else {
                throw ValidationError("--search must be from 2 to 1000")
            }
            guard search != nil || searchMinutes == nil else {
                throw ValidationError("--search-minutes requires --search")
            }
            guard searchMinutes.map({ $0.isFinite && $0 > 0 && $0 < 1e6 }) ?? true else {
                throw ValidationError("--search-minutes must be above 0")
            }
        }

        var budget: Duration? { searchMinutes.map { .seconds($0 * 60) } }
    }
}
