/// Why a base model cannot be read.
public enum BaseError: Error, Equatable, Sendable {
    /// A file or the folder is missing or cannot be read.
    case unreadable(file: String, reason: String)
    /// `config.json` is not a JSON object.
    case invalidJSON(file: String, reason: String)
    /// `config.json` lacks a key that this architecture needs.
    case missingKey(file: String, key: String)
    /// A value in `config.json` is of the wrong type or out of range.
    case invalidValue(file: String, key: String, reason: String)
    /// The model is neither BERT nor DistilBERT.
    case unknownArchitecture(file: String, name: String)
    /// The weights are not a valid safetensors file.
    case invalidWeights(file: String, error: SafetensorsError)
    /// The weights lack a tensor that the configuration requires.
    case missingTensor(file: String, tensor: String)
    /// A BERT that lacks the pooler, which sequence classifiers read.
    case missingPooler(file: String, tensor: String)
    /// A tensor does not have the shape that the configuration requires.
    case wrongShape(file: String, tensor: String, expected: [Int], found: [Int])
    /// A tensor contains NaN or infinity.
    case notFinite(file: String, tensor: String)
    /// The precision that was asked for names a layer that the base does not have.
    case noSuchLayer(file: String, layer: Int, layers: Int)
    /// A tensor cannot be rounded to the type that was asked for.
    case notQuantizable(file: String, tensor: String, dataType: DataType, reason: String)
}

extension BaseError: CustomStringConvertible {
    /// The file and what is wrong with it.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file): \(reason)"
        case .invalidJSON(let file, let reason): "\(file): not a JSON object: \(reason)"
        case .missingKey(let file, let key): "\(file): key \"\(key)\" is missing"
        case .invalidValue(let file, let key, let reason): "\(file): key \"\(key)\": \(reason)"
        case .unknownArchitecture(let file, let name):
            "\(file): architecture \"\(name)\" is not supported; a base must be \"bert\" or \"distilbert\""
        case .invalidWeights(let file, let error): "\(file): \(error)"
        case .missingTensor(let file, let tensor): "\(file): tensor \"\(tensor)\" is missing"
        case .missingPooler(let file, let tensor):
            "\(file): tensor \"\(tensor)\" is missing: BERT's sequence classifier, and so every adapter, needs the "
                + "pooler; load the base with transformers' BertModel, save it again, and train the adapters on "
                + "the saved copy"
        case .wrongShape(let file, let tensor, let expected, let found):
            "\(file): tensor \"\(tensor)\" has shape \(found), but config.json requires \(expected)"
        case .notFinite(let file, let tensor): "\(file): tensor \"\(tensor)\" contains NaN or infinity"
        case .noSuchLayer(let file, let layer, let layers):
            "\(file): the base has no layer \(layer), only 0 to \(layers - 1)"
        case .notQuantizable(let file, let tensor, let dataType, let reason):
            "\(file): tensor \"\(tensor)\" cannot be \(dataType.rawValue): \(reason)"
        }
    }
}
