/// How a text that is longer than a window is read: in overlapping windows, whose answers are pooled to one.
public struct LongTexts: Sendable, Equatable, Hashable, Codable {
    /// How the answers of the windows become one.
    public enum Pool: String, Sendable, Codable, CaseIterable {
        /// The mean of the windows' probabilities, weighted by tokens.
        case mean
        /// Each label's highest probability; where a text has one label, they are scaled to add up to 1.
        case max
        /// The answer of the first window; the others are not computed.
        case first

        /// Whether training minimizes the loss of the pooled answer, because one window has the passage that tells the
        /// label. Otherwise each window learns the labels of its text.
        public var poolsLoss: Bool { self == .max }
    }

    /// Tokens of a window, `[CLS]` and `[SEP]` included.
    public var window: Int
    /// Tokens from the beginning of a window to that of the next.
    public var stride: Int
    /// How the answers become one.
    public var pool: Pool
    /// Windows of a text at most: the first, the last, and others spread evenly between them.
    public var maximumWindows: Int

    /// The range of ``window``.
    public static let windows = 16...8192
    /// The range of ``stride``.
    public static let strides = 1...8192
    /// The range of ``maximumWindows``.
    public static let counts = 1...1024

    /// - Parameters: as the properties; without a stride, it is three quarters of the window.
    public init(window: Int = 256, stride: Int? = nil, pool: Pool = .mean, maximumWindows: Int = 64) {
        (self.window, self.pool, self.maximumWindows) = (window, pool, maximumWindows)
        self.stride = stride ?? window * 3 / 4
    }

    private enum CodingKeys: String, CodingKey {
        case window, stride, pool
        case maximumWindows = "maximum_windows"
    }

    /// The windows that are computed at most.
    var budget: Int { pool == .first ? 1 : maximumWindows }

    /// What is wrong with a value: its key, and a clause; nil if nothing is.
    public var problem: (key: String, reason: String)? {
        func refusal(_ key: String, _ range: ClosedRange<Int>) -> (key: String, reason: String) {
            (key, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        if !Self.windows.contains(window) { return refusal("window", Self.windows) }
        if !Self.strides.contains(stride) { return refusal("stride", Self.strides) }
        if !Self.counts.contains(maximumWindows) { return refusal("maximum_windows", Self.counts) }
        guard stride > window else { return nil }
        return ("stride", "is \(stride), more than the window of \(window): the words between would be in no window")
    }

    /// The same with windows that a base can read.
    public func fitting(positions: Int) -> LongTexts {
        var copy = self
        copy.window = min(window, positions)
        return copy
    }

    /// Why a base cannot read these windows, as a clause; nil if it can.
    public func problem(positions: Int) -> String? {
        window > positions ? "is \(window), but the base has only \(positions) positions" : nil
    }
}

extension LongTexts: CustomStringConvertible {
    /// As an option has it: `window=256,stride=192,pool=mean,maximum_windows=64`.
    public var description: String {
        "window=\(window),stride=\(stride),pool=\(pool.rawValue),maximum_windows=\(maximumWindows)"
    }
}
