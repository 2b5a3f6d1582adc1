/// Compares the newest texts of a task with the reference of its adapter, and decides when that is an alarm.
///
/// The window holds the newest 500 texts, in blocks of 100, and is judged at the end of each block. A signal alarms if
/// its population stability index, less what chance contributes, is at least 0.2, and the chi-square test of the two
/// samples is significant by 5 standard deviations (p < 3·10⁻⁷). By Bonferroni over six signals, that is fewer than 2
/// false alarms in a million blocks; the first condition keeps differences without importance from alarming in long
/// streams. The alarm ends when five blocks in a row were judged without one.
public struct DriftDetector: Sendable {
    /// Texts between two judgements.
    public static let blockTexts = 100
    /// Blocks of a window.
    public static let windowBlocks = 5
    /// The least population stability index of an alarm.
    public static let minimumStabilityIndex = 0.2
    /// The least significance of an alarm, in standard deviations.
    public static let minimumSignificance = 5.0
    /// Live texts that stand in for a signal that the reference does not know.
    public static let warmUpTexts = 2_000

    private var reference: TextProfile
    /// The first live texts, until there are enough of them; nil: they are not needed.
    private var warmUp: TextProfile?
    private var blocks: [TextProfile] = []
    private var block: TextProfile
    private var quietBlocks = 0
    /// How the newest window compares.
    public private(set) var status = DriftStatus()

    /// A detector that has seen no text.
    public init(reference: TextProfile) {
        self.reference = reference
        block = TextProfile(labels: reference.labels)
        warmUp = DriftSignal.allCases.allSatisfy(reference.knows) ? nil : TextProfile(labels: reference.labels)
    }

    /// Counts a text, and judges the window where it ends a block.
    public mutating func add(_ text: TextObservation) {
        block.add(text)
        status.texts += 1
        guard block.texts >= Self.blockTexts else { return }
        // The window is judged before the block joins the stand-in, so that it is never compared with itself.
        blocks.append(block)
        if blocks.count > Self.windowBlocks { blocks.removeFirst() }
        if blocks.count == Self.windowBlocks { judge() }
        warmUp?.merge(block)
        block = TextProfile(labels: reference.labels)
        if let warm = warmUp, warm.texts >= Self.warmUpTexts {
            for signal in DriftSignal.allCases where !reference.knows(signal) { reference.take(signal, from: warm) }
            warmUp = nil
        }
    }

    private mutating func judge() {
        var window = TextProfile(labels: reference.labels)
        for block in blocks { window.merge(block) }
        status.estimatedAccuracy = window.estimatedAccuracy
        status.labelExpectations = window.labelExpectations
        var alarms: [DriftSignal] = []
        for signal in DriftSignal.allCases where reference.knows(signal) && window.knows(signal) {
            let comparison = HistogramComparison(
                reference: reference.counts(signal), window: window.counts(signal), isOrdered: signal.isOrdered)
            status.stabilityIndices[signal] = comparison.stabilityIndex
            if comparison.stabilityIndex >= Self.minimumStabilityIndex,
                comparison.significance >= Self.minimumSignificance
            {
                alarms.append(signal)
            }
        }
        quietBlocks = alarms.isEmpty ? quietBlocks + 1 : 0
        if !alarms.isEmpty {
            status.alarms = alarms
        } else if quietBlocks >= Self.windowBlocks {
            status.alarms = []
        }
    }
}

/// How the newest texts of a task compare with the reference of its adapter.
public struct DriftStatus: Sendable, Equatable {
    /// The texts that were compared, or that count for a reference, since the adapter went live here.
    public var texts = 0
    /// The population stability index of each signal that can be compared.
    public var stabilityIndices: [DriftSignal: Double] = [:]
    /// The signals of the present alarm; empty: there is none.
    public var alarms: [DriftSignal] = []
    /// The accuracy that the scores of the window promise; nil before the first window is full.
    public var estimatedAccuracy: Double?
    /// What the scores of the window promise for each label of a task with sets of labels; else empty.
    public var labelExpectations: [LabelExpectation] = []

    /// Nothing is known yet.
    public init() {}
}
