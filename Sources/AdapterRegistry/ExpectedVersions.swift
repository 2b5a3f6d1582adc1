/// What a decision on a version was based on. A store changes nothing if a person, or another process, was faster: it
/// compares in the transaction of the change.
public struct ExpectedVersions: Sendable, Equatable {
    /// Digest of the live version; nil: none is live.
    public var live: String?
    /// The state of the version that is decided on.
    public var state: AdapterState
    /// Its shadow, which may have been started again meanwhile; nil: any.
    public var shadow: ShadowPeriod?

    /// - Parameters: as the properties.
    public init(live: String?, state: AdapterState, shadow: ShadowPeriod? = nil) {
        (self.live, self.state, self.shadow) = (live, state, shadow)
    }

    /// Whether that is still so.
    ///
    /// - Parameters:
    ///   - version: the version that is decided on.
    ///   - live: the live one.
    public func hold(_ version: AdapterVersion, live: AdapterVersion?) -> Bool {
        version.state == state && live?.digest == self.live && (shadow == nil || version.shadow == shadow)
    }
}
