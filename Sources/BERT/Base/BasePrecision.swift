import Kernels

/// The types in which a base computes.
public struct BasePrecision: Sendable, Hashable {
    /// A linear layer of the encoder.
    public struct Place: Sendable, Hashable {
        /// The encoder layer, from 0.
        public let layer: Int
        /// Which of its linear layers.
        public let group: LinearGroup

        /// The linear layer of this group in this encoder layer.
        public init(layer: Int, group: LinearGroup) {
            self.layer = layer
            self.group = group
        }

        /// For a person, such as `layer 5 feed-forward output`.
        public var name: String {
            let linear =
                switch group {
                case .queryKeyValue: "query, key and value"
                case .attentionOutput: "attention output"
                case .intermediate: "feed-forward input"
                case .output: "feed-forward output"
                case .pooler: "pooler"
                }
            return "layer \(layer) \(linear)"
        }
    }

    /// The linear layers whose type can be chosen, of an encoder with so many layers: all but the pooler.
    public static func places(layers: Int) -> [Place] {
        (0..<layers).flatMap { layer in
            LinearGroup.allCases.filter { $0 != .pooler }.map { Place(layer: layer, group: $0) }
        }
    }

    /// The type of the encoder's linear layers and of the word embeddings.
    public let dataType: DataType
    /// Linear layers in another type, because `dataType` costs too much quality there.
    public private(set) var exceptions: [Place: DataType] = [:]

    /// The type of attention's products before an attention output that is not in float32. It is no part of
    /// ``description``: the CPU decides.
    public let attention: DataType

    /// A base in this type, and attention in bfloat16 where the CPU has it.
    public init(_ dataType: DataType) {
        self.init(dataType, attention: dataType != .float32 && hasBFloat16Attention ? .bfloat16 : .float32)
    }

    /// A base in this type.
    ///
    /// - Parameter attention: float32, or bfloat16 on a CPU that has ``hasBFloat16Attention``.
    init(_ dataType: DataType, attention: DataType) {
        self.dataType = dataType
        self.attention = attention
    }

    /// 32-bit floats everywhere.
    public static let float32 = BasePrecision(.float32)

    /// The same, but for these layers, which are in another type.
    public func keeping(_ places: some Sequence<Place>, in dataType: DataType) -> BasePrecision {
        var precision = self
        for place in places { precision.exceptions[place] = dataType == self.dataType ? nil : dataType }
        return precision
    }

    /// The finer of two types for each layer, and for the word embeddings.
    public func finer(_ other: BasePrecision) -> BasePrecision {
        Set(exceptions.keys).union(other.exceptions.keys).reduce(BasePrecision(dataType.finer(other.dataType))) {
            $0.keeping([$1], in: dataType(of: $1).finer(other.dataType(of: $1)))
        }
    }

    /// Whether a layer, or the word embeddings, is rounded more than in another precision.
    public func isCoarser(than other: BasePrecision) -> Bool { finer(other) != self }

    /// The same, but in float32 where this CPU has no instructions for a type: finer, and faster.
    public var onThisCPU: BasePrecision {
        func type(_ type: DataType) -> DataType { type.isFast ? type : .float32 }
        return exceptions.reduce(BasePrecision(type(dataType))) { $0.keeping([$1.key], in: type($1.value)) }
    }

    /// The type of a linear layer.
    func dataType(of place: Place) -> DataType {
        place.group == .pooler ? .float32 : exceptions[place] ?? dataType
    }
}

extension BasePrecision: LosslessStringConvertible {
    /// The type, then the layers in other types: `int8`, or `int8+float32:0.intermediate,3.output`.
    public var description: String {
        DataType.allCases.reduce(dataType.rawValue) { description, type in
            let places = exceptions.filter { $0.value == type }.keys.map { "\($0.layer).\($0.group.rawValue)" }.sorted()
            return places.isEmpty ? description : description + "+\(type.rawValue):" + places.joined(separator: ",")
        }
    }

    /// Reads what `description` writes.
    public init?(_ description: String) {
        let types = description.split(separator: "+", omittingEmptySubsequences: false)
        guard let dataType = DataType(rawValue: String(types[0])) else { return nil }
        self.init(dataType)
        for type in types.dropFirst() {
            let parts = type.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let other = DataType(rawValue: String(parts[0])), other != dataType else {
                return nil
            }
            for place in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
                guard let place = Place(place), exceptions.updateValue(other, forKey: place) == nil else { return nil }
            }
        }
    }
}

extension BasePrecision.Place {
    /// Reads what ``BasePrecision/description`` writes, such as `3.output`.
    fileprivate init?(_ description: Substring) {
        let words = description.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count == 2, let layer = Int(words[0]), layer >= 0,
            let group = LinearGroup(rawValue: String(words[1]))
        else { return nil }
        self.init(layer: layer, group: group)
    }
}
