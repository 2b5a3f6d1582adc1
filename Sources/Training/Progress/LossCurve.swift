/// Loss and learning rate over the steps of a training. It is thinned as it grows, so that a training of any length has
/// a few hundred points.
public struct LossCurve: Sendable, Codable, Equatable {
    /// The mean over consecutive steps.
    public struct Point: Sendable, Codable, Equatable {
        /// The last of its steps, from 1.
        public var step: Int
        /// Mean loss per text.
        public var loss: Double
        /// The learning rate at that step.
        public var rate: Float
    }

    /// In the order of steps.
    public private(set) var points: [Point] = []
    /// Steps per point.
    private var width = 1
    private var pending = (steps: 0, loss: 0.0)
    static let limit = 512

    init() {}

    /// Adds a step.
    ///
    /// - Parameters:
    ///   - loss: its mean per text.
    ///   - step: its number, from 1.
    mutating func append(loss: Double, rate: Float, step: Int) {
        pending = (pending.steps + 1, pending.loss + loss)
        guard pending.steps == width else { return }
        points.append(Point(step: step, loss: pending.loss / Double(width), rate: rate))
        pending = (0, 0)
        guard points.count == Self.limit else { return }
        points = stride(from: 1, to: points.count, by: 2).map { index in
            Point(
                step: points[index].step, loss: (points[index - 1].loss + points[index].loss) / 2,
                rate: points[index].rate)
        }
        width *= 2
    }

    private enum CodingKeys: String, CodingKey { case points, width, pendingSteps, pendingLoss }

    /// Reads what `encode(to:)` wrote.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        points = try values.decode([Point].self, forKey: .points)
        width = try values.decode(Int.self, forKey: .width)
        pending = (
            try values.decode(Int.self, forKey: .pendingSteps), try values.decode(Double.self, forKey: .pendingLoss)
        )
    }

    /// Writes the points, and the steps that do not fill a point yet.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(points, forKey: .points)
        try values.encode(width, forKey: .width)
        try values.encode(pending.steps, forKey: .pendingSteps)
        try values.encode(pending.loss, forKey: .pendingLoss)
    }

    /// Whether both have the same points and pending steps.
    public static func == (left: LossCurve, right: LossCurve) -> Bool {
        left.points == right.points && left.width == right.width && left.pending == right.pending
    }
}
