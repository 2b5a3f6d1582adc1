/// An adapter's tensors by PEFT's canonical keys, whatever names they were saved under.
struct AdapterTensors {
    private let reader: SafetensorsReader
    /// Canonical key to name in the file.
    private var sources: [String: String] = [:]

    init(_ reader: SafetensorsReader) throws(AdapterError) {
        self.reader = reader
        for name in reader.header.unsupported.keys.sorted() {
            throw .invalidWeights(.unsupportedType(tensor: name, type: reader.header.unsupported[name] ?? ""))
        }
        for name in reader.names {
            guard let key = Self.canonical(name) else { continue }
            guard sources.updateValue(name, forKey: key) == nil else { throw .unexpectedTensor(name) }
        }
    }

    /// The key that PEFT would save a tensor under; nil for what raw dumps hold of the base's own head.
    ///
    /// Raw dumps of a state dictionary carry the adapter's name (`lora_A.default.weight`) and `modules_to_save.`.
    private static func canonical(_ name: String) -> String? {
        var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.contains("original_module") { return nil }
        if parts.first != "base_model" { parts = ["base_model", "model"] + parts }
        if let marker = parts.firstIndex(of: "modules_to_save") {
            parts.remove(at: marker)
            // What is left after the module is the adapter's name, if there is one, and the tensor's.
            if parts.count - marker == 2 { parts.remove(at: marker) }
        }
        if let marker = parts.lastIndex(where: { $0 == "lora_A" || $0 == "lora_B" }), parts.count - marker == 3 {
            parts.remove(at: marker + 1)
        }
        if let marker = parts.lastIndex(of: "lora_magnitude_vector") { parts.removeLast(parts.count - marker - 1) }
        if parts.last == "bias", parts.dropLast().last != "base_layer", !Self.isHead(parts) {
            parts.insert("base_layer", at: parts.count - 1)
        }
        return parts.joined(separator: ".")
    }

    private static func isHead(_ parts: [String]) -> Bool {
        parts.count == 4 && (parts[2] == "classifier" || parts[2] == "pre_classifier")
    }

    var keys: [String] { sources.keys.sorted() }

    /// The name that a tensor has in the file.
    func source(_ key: String) -> String { sources[key] ?? key }

    /// The shape of a tensor, nil if it is not there.
    func shape(_ key: String) -> [Int]? {
        sources[key].flatMap { reader.header.entries[$0]?.shape }
    }

    /// Checks that a tensor is there with that shape; returns its name in the file.
    @discardableResult
    func check(_ tensor: AdapterTensor) throws(AdapterError) -> String {
        guard let source = sources[tensor.name], let found = shape(tensor.name) else {
            throw .missingTensor(tensor.name, reason: Self.reason(tensor.name))
        }
        guard Self.areEqual(found, tensor.shape) else {
            throw .wrongShape(tensor: source, expected: tensor.shape, found: found)
        }
        return source
    }

    /// Copies a tensor that must be there with that shape.
    func copy(_ tensor: AdapterTensor, to values: UnsafeMutablePointer<Float>) throws(AdapterError) {
        let source = try check(tensor)
        do throws(SafetensorsError) {
            try reader.copy(source, to: values + tensor.range.lowerBound)
        } catch {
            throw .invalidWeights(error)
        }
    }

    /// Some versions of PEFT keep magnitudes as one column.
    private static func areEqual(_ found: [Int], _ expected: [Int]) -> Bool {
        found == expected || (expected.count == 1 && found == [expected[0], 1])
    }

    private static func reason(_ key: String) -> String {
        if key.contains("pre_classifier") {
            return "DistilBERT's pre_classifier is random in the base, so the adapter must include it (modules_to_save)"
        }
        return key.contains("classifier")
            ? "an adapter without a head cannot classify" : "only the other matrix of this layer is there"
    }
}
