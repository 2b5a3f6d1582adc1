import AdapterRegistry

/// Where the labels of challengers in shadow are counted, over all daemons.
public protocol ShadowLabelSource: Sendable {
    /// How far a version that is in shadow has come.
    func progress(of version: AdapterVersion) async throws -> ShadowProgress

    /// Champion and challenger on the texts that both have labelled since the shadow began.
    func comparison(of version: AdapterVersion) async throws -> ShadowComparison
}
