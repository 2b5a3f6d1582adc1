import AdapterRegistry
import LogKeys
import Logging

extension Logger.Metadata {
    /// The fields that identify a version of an adapter.
    public static func adapter(_ version: AdapterVersion) -> Logger.Metadata {
        [
            LogKey.task: "\(version.task)", LogKey.version: "\(version.version)",
            LogKey.digest: "\(version.digest.prefix(12))",
        ]
    }
}
