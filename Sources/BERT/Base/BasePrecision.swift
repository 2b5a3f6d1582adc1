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
    /// Linear layers that stay float32, because another type costs too much quality there.
    public let float32Places: Set<Place>

    /// A base in this type, but for some layers.
    public init(_ dataType: DataType, float32Places: Set<Place> = []) {
        self.dataType = dataType
        self.float32Places = float32Places
    }

    /// 32-bit floats everywhere.
    public static let float32 = BasePrecision(.float32)

    /// The type of a linear layer.
    func dataType(of place: Place) -> DataType {
        place.group == .pooler || float32Places.contains(place) ? .float32 : dataType
    }
}

extension BasePrecision: LosslessStringConvertible {
    /// The type, then the layers that stay float32: `int8`, or `int8:0.intermediate,3.output`.
    public var description: String {
        let places = float32Places.map { "\($0.layer).\($0.group.rawValue)" }.sorted()
        return dataType.rawValue + (places.isEmpty ? "" : ":" + places.joined(separator: ","))
    }

    /// Reads what `description` writes.
    public init?(_ description: String) {
        let parts = description.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let dataType = parts.first.flatMap({ DataType(rawValue: String($0)) }) else { return nil }
        var places: Set<Place> = []
        for place in parts.count > 1 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : [] {
            let words = place.split(separator: ".", omittingEmptySubsequences: false)
            guard words.count == 2, let layer = Int(words[0]), layer >= 0,
                let group = LinearGroup(rawValue: String(words[1]))
            else { return nil }
            places.insert(Place(layer: layer, group: group))
        }
        self.init(dataType, float32Places: places)
    }
}
