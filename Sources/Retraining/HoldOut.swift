/// Which texts are kept from training, to weigh adapters with: decided by a hash of the normalised text, so the same text is
/// on the same side in every run, on every machine, whatever rows come later.
public struct HoldOut: Sendable, Equatable {
    /// So many texts of a hundred are held out.
    public var percentage: Int

    public init(percentage: Int = 20) {
        self.percentage = percentage
    }

    public func contains(_ text: String) -> Bool { contains(NormalizedText(text)) }

    func contains(_ text: NormalizedText) -> Bool { text.hash64 % 100 < UInt64(max(0, percentage)) }
}
