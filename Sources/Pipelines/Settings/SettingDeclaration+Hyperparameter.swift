import JSON
import Retraining
import Training

extension SettingDeclaration {
    /// A hyper-parameter as a key of `retrain`, with its value in some settings as the default.
    init(_ parameter: Hyperparameter, in settings: TrainingSettings) {
        let (schema, words) = Self.form(of: parameter)
        let fallback = parameter.json(in: settings)
        self.init(
            parameter.key, schema, words,
            absence: fallback.map(Absence.value) ?? .meaning(parameter.unsetMeaning ?? "none"), parameter.summary)
    }

    private static func form(of parameter: Hyperparameter) -> (schema: JSONValue, words: String) {
        switch parameter.value {
        case .integer, .optionalInteger, .unsigned:
            let form = ValueForm.integer(parameter.fileIntegers)
            return (form.schema, form.words)
        case .number:
            let form = ValueForm.number(parameter.fileNumbers)
            return (form.schema, form.words)
        case .flag: return (ValueForm.flag.schema, ValueForm.flag.words)
        case .choice(let choice): return (.choice(among: choice.names), choice.names.quoted)
        case .targets: return (.list(of: .scalar, atLeast: 1), "list")
        case .layers:
            let layer = ValueForm.integer(parameter.fileIntegers).schema
            return (.either(.names(["all"]), .list(of: layer, atLeast: 1)), "`all`, or a list")
        case .classWeights:
            let weight = ValueForm.number(RetrainKeys.classWeights).schema
            return (
                .either(.choice(among: ["none", "balanced"]), .mapping(to: weight)),
                "`none`, `balanced`, or a mapping of labels to weights"
            )
        }
    }
}
