import CRdKafka

/// A property of a client that is wrong.
public struct KafkaPropertyProblem: Sendable, Equatable, CustomStringConvertible {
    /// nil if several are wrong together or librdkafka does not say which.
    public var property: String?
    /// A clause after the property's name. Holds no secret.
    public var message: String
    /// Neither librdkafka nor the Java client has a property of this name: probably a typing error.
    public var isUnknown = false

    /// The quoted name and the message.
    public var description: String { property.map { "'\($0)' \(message)" } ?? message }
}

extension KafkaPropertyProblem {
    /// Sets a property of a configuration; nil if librdkafka accepts it as written.
    init?(setting name: String, to value: String, in configuration: OpaquePointer) {
        if let refusal = ConsumerSettings.refusal(of: value, name: name) {
            self.init(property: name, message: refusal)
            return
        }
        var reason = [CChar](repeating: 0, count: 512)
        let result = rd_kafka_conf_set(configuration, name, value, &reason, reason.count)
        if result == RD_KAFKA_CONF_OK { return nil }
        // librdkafka knows some of the Java client's properties by name only.
        if let advice = JavaProperties.advice(for: name) {
            self.init(property: name, message: "is not a property of librdkafka: \(advice)")
        } else if result == RD_KAFKA_CONF_UNKNOWN {
            self.init(property: name, message: "is not a property of librdkafka", isUnknown: true)
        } else {
            self.init(property: name, message: Self.refusal(of: value, name: name, reason: String(cBuffer: reason)))
        }
    }

    /// Leaves out the value, which librdkafka's text quotes: it may be a secret from outside the file.
    private static func refusal(of value: String, name: String, reason: String) -> String {
        let unbuilt = " not supported in this build: "
        if let words = reason.split(separator: unbuilt, maxSplits: 1).last, reason.contains(unbuilt) {
            return "is not built into this librdkafka: \(words)"
        }
        var text = "does not take this value"
        if let range = ConsumerSettings.range(of: name) {
            text += "; it takes \(range)"
        } else if !KafkaSecrets.isSecret(name) {
            let reason = reason.isEmpty || value.isEmpty ? reason : reason.replacing(value, with: "…")
            text += reason.isEmpty ? "" : ": \(reason.split(separator: "\n").joined(separator: " "))"
        }
        return text + (JavaProperties.advice(for: name, value: value).map { " (\($0))" } ?? "")
    }

    /// Why librdkafka creates no client of properties that it accepted one by one.
    ///
    /// - Parameters:
    ///   - refusal: of `rd_kafka_new`.
    ///   - properties: all that were set.
    ///   - details: librdkafka's log lines of the attempt.
    init(refusal: KafkaError, of properties: [String: String], details: [String]) {
        // The longest name counts: some are prefixes of others.
        property = properties.keys.filter { refusal.message.contains($0) }.max { ($0.count, $0) < ($1.count, $1) }
        message = ([refusal.message.replacing("`must", with: "` must")] + details).joined(separator: "; ")
        if let meaning = Self.meaning(of: message, properties) {
            message = "\(meaning) (\(message))"
        } else if let property, let advice = JavaProperties.advice(for: property, value: properties[property] ?? "") {
            message += " (\(advice))"
        } else if refusal.message.contains("kerberos"), properties["sasl.mechanism"] == nil,
            properties["sasl.mechanisms"] == nil
        {
            message += " (sasl.mechanism is not set, and librdkafka's default is GSSAPI, which is Kerberos)"
        }
        message = (property == nil ? "cannot be combined: " : "is not accepted: ") + message
    }

    private static func meaning(of message: String, _ properties: [String: String]) -> String? {
        let found = meanings.first { message.contains($0.words) }
        // One wrong password in some hundred gives a key that is padded as it should be, and is none.
        guard found?.words == noKey, properties["ssl.key.password"] != nil else { return found?.meaning }
        return "ssl.key.password does not decrypt the key, or the file holds no private key in PEM"
    }

    private static let noKey = "No supported data to decode"
    /// What is wrong with a file, by OpenSSL's and librdkafka's words for it. The first that fits counts.
    private static let meanings = [
        (words: "No such file or directory", meaning: "there is no such file"),
        (words: "Permission denied", meaning: "the file may not be read"),
        (words: "key values mismatch", meaning: "the key does not belong to the certificate"),
        (words: "interrupted or cancelled", meaning: "the key is encrypted, and ssl.key.password is not set"),
        (words: "bad decrypt", meaning: "ssl.key.password does not decrypt the key"),
        (words: "mac verify failure", meaning: "ssl.keystore.password does not open the file"),
        (words: "ssl.keystore.password` is mandatory", meaning: "ssl.keystore.password is not set"),
        (words: noKey, meaning: "the file holds no private key in PEM"),
        (words: "no start line", meaning: "there is no certificate in PEM"),
        (words: "no certificate or crl found", meaning: "there is no certificate in PEM"),
    ]
}
