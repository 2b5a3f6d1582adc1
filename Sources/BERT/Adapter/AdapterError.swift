import JSON

/// Why an adapter cannot be read, written or put on a base.
public enum AdapterError: Error, Equatable, Sendable {
    /// A file or the folder is missing or cannot be read.
    case unreadable(file: String, reason: String)
    /// A file could not be written.
    case unwritable(file: String, reason: String)
    /// A key of `adapter_config.json` or `lorikeet.json` is missing or wrong.
    case invalidConfiguration(key: String, reason: String)
    /// The adapter changes the base, or computes something that this program does not.
    case unsupported(feature: String, reason: String)
    /// The weights are not a valid safetensors file.
    case invalidWeights(SafetensorsError)
    /// A required tensor is missing.
    case missingTensor(String, reason: String)
    /// A tensor belongs to no module that the configuration names.
    case unexpectedTensor(String)
    /// A tensor does not have the shape that base and configuration require.
    case wrongShape(tensor: String, expected: [Int], found: [Int])
    /// The adapter was trained over another base.
    case anotherBase(expected: String, found: String)
    /// The number of labels is not that of the head's rows, or a label is empty or occurs twice.
    case invalidLabels(reason: String)
    /// The base has no such target.
    case unknownTarget(String, known: [String])
}

extension AdapterError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason), .unwritable(let file, let reason): "\(file): \(reason)"
        case .invalidConfiguration(let key, let reason): "adapter configuration: key \"\(key)\": \(reason)"
        case .unsupported(let feature, let reason): "the adapter uses \(feature), which cannot be served: \(reason)"
        case .invalidWeights(let error): "adapter weights: \(error)"
        case .missingTensor(let name, let reason): "adapter weights: tensor \"\(name)\" is missing: \(reason)"
        case .unexpectedTensor(let name):
            "adapter weights: tensor \"\(name)\" does not belong to any layer that the configuration adapts"
        case .wrongShape(let tensor, let expected, let found):
            "adapter weights: tensor \"\(tensor)\" has shape \(found), but base and configuration require \(expected)"
        case .anotherBase(let expected, let found):
            "the adapter was trained on base \(expected.prefix(12))…, but this base is \(found.prefix(12))…"
        case .invalidLabels(let reason): "adapter labels: \(reason)"
        case .unknownTarget(let name, let known):
            "target \"\(name)\" is not a linear layer of this base, which has \(known.joined(separator: ", "))"
        }
    }
}

extension AdapterError {
    /// The key and kind of what a JSON decoder refused; never the value.
    init(decoding error: any Error, file: String) {
        guard let error = error as? DecodingError else {
            self = .invalidConfiguration(key: file, reason: "cannot be read")
            return
        }
        switch error {
        case .keyNotFound(let key, let context):
            self = .invalidConfiguration(key: Self.path(context.codingPath + [key]), reason: "is missing")
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            self = .invalidConfiguration(key: Self.path(context.codingPath), reason: "has the wrong type")
        case .dataCorrupted(let context):
            let key = context.codingPath.isEmpty ? file : Self.path(context.codingPath)
            self = .invalidConfiguration(
                key: key, reason: context.codingPath.isEmpty ? "is not valid JSON" : "has an unknown value")
        @unknown default:
            self = .invalidConfiguration(key: file, reason: "cannot be read")
        }
    }

    /// Parses a JSON document in which no key occurs twice: parsers differ in the value that they take.
    @discardableResult
    static func parse(_ json: [UInt8], file: String) throws(AdapterError) -> JSONValue {
        let document: JSONValue
        do throws(JSONSyntaxError) { document = try JSONParser.parse(json) } catch {
            throw .invalidConfiguration(key: file, reason: "is not valid JSON: \(error)")
        }
        if let key = document.repeatedKey { throw .invalidConfiguration(key: key, reason: "occurs twice") }
        return document
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map(\.stringValue).joined(separator: ".")
    }
}
