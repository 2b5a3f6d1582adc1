import FoundationEssentials

/// The direction of the mean pooled vector of each label.
public struct ReferenceCentres: Sendable, Equatable {
    /// The number of labels.
    public let labels: Int
    /// The length of a vector.
    public let hidden: Int
    /// [labels, hidden]; each row has length 1, or is 0 where no text had the label.
    private let values: [Float]

    private init(labels: Int, hidden: Int, values: [Float]) {
        (self.labels, self.hidden, self.values) = (labels, hidden, values)
    }

    /// 1 − the cosine of the angle between a vector and the centre of a label; nil where the label has none.
    public func distance(_ vector: UnsafeBufferPointer<Float>, label: Int) -> Float? {
        guard (0..<labels).contains(label), vector.count == hidden else { return nil }
        return values.withUnsafeBufferPointer { values in
            let centre = UnsafeBufferPointer(rebasing: values[label * hidden..<(label + 1) * hidden])
            // Eight sums at a time: a single one is added in order, which no compiler may change.
            var (products, squares) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
            var centreSquares = SIMD8<Float>.zero
            var index = 0
            while index + 8 <= hidden {
                let (x, y) = (Self.eight(vector, at: index), Self.eight(centre, at: index))
                products.addProduct(x, y)
                squares.addProduct(x, x)
                centreSquares.addProduct(y, y)
                index += 8
            }
            var (product, square, centreSquare) = (products.sum(), squares.sum(), centreSquares.sum())
            while index < hidden {
                product += vector[index] * centre[index]
                square += vector[index] * vector[index]
                centreSquare += centre[index] * centre[index]
                index += 1
            }
            guard centreSquare > 0, square > 0, square.isFinite else { return nil }
            return max(1 - product / (square * centreSquare).squareRoot(), 0)
        }
    }

    /// The centre that is nearest to a vector.
    public struct Nearest: Sendable, Equatable {
        /// Its label.
        public var label: Int
        /// 1 − the cosine of the angle between the vector and the centre.
        public var distance: Float

        /// - Parameters: as the properties.
        public init(label: Int, distance: Float) { (self.label, self.distance) = (label, distance) }
    }

    /// The nearest centre of any label; nil where there is no centre, or the vector has no direction.
    public func nearest(_ vector: UnsafeBufferPointer<Float>) -> Nearest? {
        var nearest: Nearest?
        for label in 0..<labels {
            guard let distance = distance(vector, label: label), distance < nearest?.distance ?? .infinity else {
                continue
            }
            nearest = Nearest(label: label, distance: distance)
        }
        return nearest
    }

    /// Whether a label has a centre.
    func hasCentre(_ label: Int) -> Bool {
        (0..<labels).contains(label) && values[label * hidden..<(label + 1) * hidden].contains { $0 != 0 }
    }

    private static func eight(_ values: UnsafeBufferPointer<Float>, at index: Int) -> SIMD8<Float> {
        UnsafeRawBufferPointer(values).loadUnaligned(
            fromByteOffset: index * MemoryLayout<Float>.stride, as: SIMD8<Float>.self)
    }

    /// Sums of pooled vectors, which become centres.
    public struct Sums: Sendable {
        private let labels: Int
        private let hidden: Int
        private var values: [Double]
        /// The number of vectors.
        public private(set) var texts = 0

        /// No vectors yet.
        public init(labels: Int, hidden: Int) {
            (self.labels, self.hidden) = (labels, hidden)
            values = [Double](repeating: 0, count: labels * hidden)
        }

        /// Adds the direction of a vector to its label.
        public mutating func add(_ vector: UnsafeBufferPointer<Float>, label: Int) {
            guard (0..<labels).contains(label), vector.count == hidden else { return }
            let square = vector.reduce(0.0) { $0 + Double($1) * Double($1) }
            texts += 1
            guard square > 0, square.isFinite else { return }
            let scale = 1 / square.squareRoot()
            for index in 0..<hidden { values[label * hidden + index] += Double(vector[index]) * scale }
        }

        /// The centres of all vectors so far.
        public var centres: ReferenceCentres {
            var result = [Float](repeating: 0, count: values.count)
            for label in 0..<labels {
                let row = label * hidden..<(label + 1) * hidden
                let length = values[row].reduce(0) { $0 + $1 * $1 }.squareRoot()
                guard length > 0 else { continue }
                for index in row { result[index] = Float(values[index] / length) }
            }
            return ReferenceCentres(labels: labels, hidden: hidden, values: result)
        }
    }
}

extension ReferenceCentres: Codable {
    private enum CodingKeys: String, CodingKey {
        case labels, hidden, values
    }

    /// Reads base64 of little-endian floats.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let labels = try container.decode(Int.self, forKey: .labels)
        let hidden = try container.decode(Int.self, forKey: .hidden)
        let bytes = Data(base64Encoded: try container.decode(String.self, forKey: .values)).map(Array.init) ?? []
        guard (1...1_000_000).contains(labels), (1...100_000).contains(hidden), bytes.count == labels * hidden * 4
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .values, in: container,
                debugDescription: "must be base64 of 4 bytes per label and hidden dimension")
        }
        let values = bytes.withUnsafeBytes { raw in
            (0..<labels * hidden).map { index in
                Float(
                    bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
            }
        }
        guard values.allSatisfy({ abs($0) <= 2 }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .values, in: container, debugDescription: "must be directions of length 1")
        }
        self.init(labels: labels, hidden: hidden, values: values)
    }

    /// Writes base64 of little-endian floats.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(labels, forKey: .labels)
        try container.encode(hidden, forKey: .hidden)
        let bytes = values.flatMap { value in
            let bits = value.bitPattern
            return [
                UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8),
                UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 24),
            ]
        }
        try container.encode(Data(bytes).base64EncodedString(), forKey: .values)
    }
}
