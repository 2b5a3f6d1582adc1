/// How a long text was read: what the columns `windows`, `tokens` and `evidence` say.
public struct LongTextReading: Sendable, Equatable {
    /// The windows that were computed.
    public let windows: Int
    /// The tokens of the whole text, without `[CLS]` and `[SEP]`, also of those that are in no window.
    public let tokens: Int
    /// The characters of the window that gives the best label its highest probability: Unicode scalars of the original
    /// text, from 0.
    public let evidence: Range<Int>

    /// - Parameters: as the properties.
    public init(windows: Int, tokens: Int, evidence: Range<Int>) {
        (self.windows, self.tokens, self.evidence) = (windows, tokens, evidence)
    }
}
