import HTTPClient

/// How to reach a schema registry.
public struct RegistrySettings: Sendable, Equatable {
    /// With scheme, without credentials and without a slash at its end.
    public var url: String
    /// Of basic authentication; nil: none.
    public var username: String?
    /// Of basic authentication.
    public var password: String?
    /// A file of certificates in PEM; nil: the system's.
    public var certificates: String?
    /// How long one answer may take.
    public var timeout = Duration.seconds(5)
    /// A longer answer is refused.
    public var maximumAnswerBytes = 1 << 20

    /// - Parameters: as the properties.
    public init(url: String, username: String? = nil, password: String? = nil, certificates: String? = nil) {
        (self.url, self.username, self.password, self.certificates) = (url, username, password, certificates)
    }

    var connection: HTTPFetch.Settings {
        var connection = HTTPFetch.Settings()
        connection.accept = "application/vnd.schemaregistry.v1+json, application/json"
        (connection.timeout, connection.maximumAnswerBytes) = (timeout, maximumAnswerBytes)
        (connection.username, connection.password, connection.certificates) = (username, password, certificates)
        return connection
    }
}

extension RegistrySettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The address.
    public var description: String { "schema registry \(url)" }
    /// As the description.
    public var debugDescription: String { description }
    /// Empty, so that no dump shows a password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
