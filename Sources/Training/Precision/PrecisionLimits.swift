/// What a base in another type than float32 may cost an adapter.
///
/// A base is too lossy only if chance does not explain the loss: the lower confidence bound has to exceed the limit. A
/// small set of rows with one or two changed labels therefore does not fail.
public struct PrecisionLimits: Sendable, Equatable {
    /// The accuracy that may be lost, as a share.
    public var accuracyLost = 0.005
    /// The share of texts whose label, or set of labels, may change.
    public var labelsChanged = 0.015
    /// The one-sided level of the lower confidence bounds. For small shares the interval is a little too narrow: of the
    /// bases whose loss is exactly at a limit, up to 5 % fail.
    public var level = 0.025
    /// With fewer texts there is no verdict.
    public var minimumTexts = 50
    /// Of more texts, so many are used, spread evenly.
    public var maximumTexts = 2_000
    /// So many of them measure the error of a single layer.
    public var layerTexts = 64

    /// The limits of the gate, of `adapters import` and of the daemon's start.
    public init() {}
}
