/// One hyper-parameter of a training, declared once.
///
/// Everything else is derived from the declaration: the key of `retrain:` in a pipeline file and its errors, the flag
/// of `lorikeet train` with its help, the check before a training, the values that a search tries, and the row of
/// `docs/pipeline-file.md`. Type and default are those of the property in ``TrainingSettings``.
public struct Hyperparameter: Sendable {
    /// A property of the settings.
    public typealias Property<Value> = WritableKeyPath<TrainingSettings, Value> & Sendable

    /// The type of a hyper-parameter, with the property that holds it.
    public enum Value: Sendable {
        /// A whole number.
        case integer(Property<Int>)
        /// A whole number, or nil for the default.
        case optionalInteger(Property<Int?>)
        /// A whole number of 64 bits without a sign.
        case unsigned(Property<UInt64>)
        /// A number.
        case number(Property<Float>)
        /// True or false.
        case flag(Property<Bool>)
        /// One name out of a few.
        case choice(HyperparameterChoice)
        /// Names of linear layers.
        case targets(Property<[String]>)
        /// Numbers of encoder layers, from 0; nil is all of them.
        case layers(Property<[Int]?>)
        /// `none`, `balanced`, or a weight per label.
        case classWeights(Property<ClassWeighting>)
    }

    /// What a search tries.
    enum Search: Sendable {
        /// One of these; a value that stands twice is drawn twice as often.
        case values([Double])
        /// One of these names.
        case names([String])
        /// The given value times a factor, evenly distributed in the logarithm.
        case factor(ClosedRange<Double>)
    }

    /// The key in a pipeline file, such as `lora_plus_ratio`.
    public let key: String
    /// What it is, as a fragment in lower case: a sentence in help, a cell in a table.
    public let summary: String
    /// Its type and property.
    public let value: Value
    /// The numbers that a training accepts; nil where the type has no numbers.
    public let range: HyperparameterRange?
    /// The numbers that a pipeline file accepts. It is narrower than `range`, because nobody watches the daemon's
    /// retrainings.
    public let fileRange: HyperparameterRange?
    /// What nil means, where nil is the default.
    public let unsetMeaning: String?
    /// What a search tries; nil where it leaves the value alone.
    let search: Search?

    init(
        _ key: String, _ summary: String, _ value: Value, range: HyperparameterRange? = nil,
        fileRange: HyperparameterRange? = nil, unsetMeaning: String? = nil, search: Search? = nil
    ) {
        self.key = key
        self.summary = summary
        self.value = value
        self.range = range
        self.fileRange = fileRange ?? range
        self.unsetMeaning = unsetMeaning
        self.search = search
    }

    /// The flag without its dashes, such as `lora-plus-ratio`.
    public var flag: String { key.replacing("_", with: "-") }

    /// The value in some settings as a person writes it; nil where it is not set and nil has no name.
    public func text(in settings: TrainingSettings) -> String? {
        switch value {
        case .integer(let path): String(settings[keyPath: path])
        case .optionalInteger(let path): settings[keyPath: path].map(String.init) ?? unsetMeaning
        case .unsigned(let path): String(settings[keyPath: path])
        case .number(let path): Self.plain(Double("\(settings[keyPath: path])") ?? .nan)
        case .flag(let path): settings[keyPath: path] ? "true" : "false"
        case .choice(let choice): choice.name(in: settings)
        case .targets(let path): settings[keyPath: path].joined(separator: ",")
        case .layers(let path): settings[keyPath: path].map { $0.map(String.init).joined(separator: ",") } ?? "all"
        case .classWeights(let path): settings[keyPath: path].text
        }
    }

    /// Says what is wrong with the value in some settings; nil if a training accepts it.
    func problem(in settings: TrainingSettings) -> String? {
        guard let range, let number = number(in: settings), !range.contains(number) else { return nil }
        return "must be \(range)"
    }

    private func number(in settings: TrainingSettings) -> Double? {
        switch value {
        case .integer(let path): Double(settings[keyPath: path])
        case .optionalInteger(let path): settings[keyPath: path].map(Double.init)
        case .unsigned(let path): Double(settings[keyPath: path])
        case .number(let path): Double(settings[keyPath: path])
        case .flag, .choice, .targets, .layers, .classWeights: nil
        }
    }

    /// Without `.0`.
    static func plain(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? String(number) }
}
