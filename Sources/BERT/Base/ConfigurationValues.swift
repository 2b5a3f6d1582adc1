import Foundation

/// The keys of one `config.json`, read with errors that name file and key.
struct ConfigurationValues {
    let file: String
    private let values: [String: any Sendable]

    init(json: Data, file: String) throws(BaseError) {
        self.file = file
        let object: Any
        do {
            object = try JSONSerialization.jsonObject(with: json)
        } catch {
            throw .invalidJSON(file: file, reason: "cannot be parsed")
        }
        guard let dictionary = object as? [String: Any] else {
            throw .invalidJSON(file: file, reason: "its top is not an object")
        }
        values = dictionary.compactMapValues(Self.scalar)
    }

    /// Numbers, strings, booleans and lists of strings; null counts as missing.
    private static func scalar(_ value: Any) -> (any Sendable)? {
        if let text = value as? String { return text }
        if let number = value as? NSNumber { return number.doubleValue }
        if let list = value as? [Any] { return list.compactMap { $0 as? String } }
        return value is NSNull ? nil : "an object"
    }

    /// `model_type`, or where that is missing the first class name in `architectures`.
    func architecture() throws(BaseError) -> BERTConfiguration.Architecture {
        if let name = values["model_type"] {
            guard let name = name as? String else {
                throw .invalidValue(file: file, key: "model_type", reason: "must be a string")
            }
            guard let known = BERTConfiguration.Architecture(rawValue: name) else {
                throw .unknownArchitecture(file: file, name: name)
            }
            return known
        }
        guard let name = (values["architectures"] as? [String])?.first else {
            throw .missingKey(file: file, key: "model_type")
        }
        if name.hasPrefix("Bert") { return .bert }
        if name.hasPrefix("DistilBert") { return .distilbert }
        throw .unknownArchitecture(file: file, name: name)
    }

    /// An integer that must be there.
    func size(_ key: String, at range: ClosedRange<Int>) throws(BaseError) -> Int {
        guard let value = values[key] else { throw .missingKey(file: file, key: key) }
        guard let number = value as? Double, let integer = Int(exactly: number) else {
            throw .invalidValue(file: file, key: key, reason: "must be an integer")
        }
        guard range.contains(integer) else {
            throw .invalidValue(
                file: file, key: key, reason: "\(integer) is not between \(range.lowerBound) and \(range.upperBound)")
        }
        return integer
    }

    /// A number, or its default where the key is missing.
    func number(_ key: String, default fallback: Double, at range: ClosedRange<Double>) throws(BaseError) -> Double {
        guard let value = values[key] else { return fallback }
        guard let number = value as? Double else {
            throw .invalidValue(file: file, key: key, reason: "must be a number")
        }
        guard range.contains(number) else {
            throw .invalidValue(
                file: file, key: key, reason: "\(number) is not between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    func activation(_ key: String) throws(BaseError) -> BERTConfiguration.Activation {
        guard let value = values[key] else { throw .missingKey(file: file, key: key) }
        guard let name = value as? String else {
            throw .invalidValue(file: file, key: key, reason: "must be a string")
        }
        switch name {
        case "gelu": return .gelu
        case "gelu_new", "gelu_pytorch_tanh": return .geluTanh
        case "relu": return .relu
        default:
            throw .invalidValue(file: file, key: key, reason: "\"\(name)\" is not supported; gelu, gelu_new and relu are")
        }
    }

    /// Only learned absolute positions are implemented.
    func refuseRelativePositions() throws(BaseError) {
        guard let value = values["position_embedding_type"] else { return }
        guard value as? String == "absolute" else {
            throw .invalidValue(file: file, key: "position_embedding_type", reason: "only \"absolute\" is supported")
        }
    }
}
