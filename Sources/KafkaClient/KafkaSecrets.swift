import CRdKafka

/// Values of a configuration that must not appear in any text.
struct KafkaSecrets: Sendable {
    private let values: [String]

    init(properties: [String: String]) {
        values = properties.filter { Self.isSecret($0.key) && !$0.value.isEmpty }.map(\.value).sorted {
            $0.count > $1.count
        }
    }

    static func isSecret(_ property: String) -> Bool {
        property.hasSuffix(".password") || property.hasSuffix(".secret") || property.hasSuffix(".pem")
            || property == "sasl.oauthbearer.config"
    }

    func redacted(_ text: String) -> String {
        values.reduce(text) { $0.replacing($1, with: "***") }
    }
}
