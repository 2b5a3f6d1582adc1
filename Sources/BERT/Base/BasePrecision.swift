/// The types in which a base computes.
public struct BasePrecision: Sendable, Hashable, CustomStringConvertible {
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

    /// What identifies it, such as `int8` or `int8, float32 in 3.output 5.output`.
    public var description: String {
        let places = float32Places.map { ($0.layer, $0.group.rawValue) }.sorted { $0 < $1 }
        if places.isEmpty { return dataType.rawValue }
        return "\(dataType.rawValue), float32 in " + places.map { "\($0).\($1)" }.joined(separator: " ")
    }

    /// The type of a linear layer.
    func dataType(of place: Place) -> DataType {
        place.group == .pooler || float32Places.contains(place) ? .float32 : dataType
    }
}
