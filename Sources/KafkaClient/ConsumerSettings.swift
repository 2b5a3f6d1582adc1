import CRdKafka

/// The rules for a consumer's properties, beyond librdkafka's own.
enum ConsumerSettings {
    private static let fixed = [
        "enable.auto.commit": "false",
        "enable.auto.offset.store": "false",
        "enable.partition.eof": "false",
    ]

    private static let defaults = [
        "auto.offset.reset": "earliest",
        // By default librdkafka looks for new topics only every 5 minutes.
        "topic.metadata.refresh.interval.ms": "10000",
        "socket.keepalive.enable": "true",
    ]

    /// The properties with our defaults and fixed values.
    static func checked(_ properties: [String: String], topics: [String]) throws(KafkaError) -> [String: String] {
        for (name, value) in fixed {
            if let given = properties[name], given != value {
                throw .invalid("'\(name)' must be \(value): an offset is committed only after the rows of its record")
            }
        }
        if (properties["group.id"] ?? "").isEmpty { throw .invalid("'group.id' is missing") }
        if topics.isEmpty || topics.contains("") { throw .invalid("topics are missing, or one of them has no name") }
        return defaults.merging(properties) { _, given in given }.merging(fixed) { _, fixed in fixed }
    }

    static func resetsToEarliest(_ settings: [String: String]) -> Bool {
        ["smallest", "earliest", "beginning"].contains(word(settings["auto.offset.reset"] ?? ""))
    }

    /// Whether destroying a consumer that has had no assignment would end the process: librdkafka before 2.3 asserts
    /// that its cooperative assignor has seen one (its issue 4312).
    static func abortsUnassigned(_ settings: [String: String]) -> Bool {
        rd_kafka_version() < 0x0203_0000
            && word(settings["partition.assignment.strategy"] ?? "").contains("cooperative-sticky")
    }

    /// As librdkafka compares words: without case and surrounding white space.
    private static func word(_ value: String) -> String {
        value.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

// MARK: - Values that librdkafka accepts and a consumer must not have

extension ConsumerSettings {
    /// Why a value is refused that librdkafka would accept silently; a clause after the property's name.
    static func refusal(of value: String, name: String) -> String? {
        switch name {
        case "auto.offset.reset" where word(value) == "error":
            "does not take this value: the consumer would stop reading silently; use earliest or latest"
        case "topic.blacklist":
            "hides topics from the consumer: leave it out; source.kafka.topics names the topics"
        case _ where PropertyTable.integers.contains(name) && isMisread(value):
            "does not take this value; it takes \(range(of: name) ?? "a whole number"), "
                + "in decimal digits only: no unit, separator, fraction or leading zero"
        default: nil
        }
    }

    /// The values that a property takes; nil if librdkafka does not say.
    static func range(of name: String) -> String? {
        guard let range = PropertyTable.ranges[name], !range.isEmpty else { return nil }
        if name == "auto.offset.reset" { return range.replacing(", error", with: "") }
        return range.replacing(" .. ", with: " to ")
    }

    /// Whether librdkafka would read another number than is written: its `strtol` stops at the first character that is
    /// not a digit and reads 0x10 and 010 as hexadecimal and octal; the result is truncated to 32 bits. Words without a
    /// digit are left to librdkafka.
    private static func isMisread(_ value: String) -> Bool {
        guard value.contains(#/[0-9]/#) else { return false }
        return value.wholeMatch(of: #/[+-]?(0|[1-9][0-9]*)/#) == nil || Int32(value) == nil
    }

    /// OAUTHBEARER without a source of tokens, for which librdkafka would wait silently.
    static func missingTokenSource(_ settings: [String: String]) -> KafkaPropertyProblem? {
        // The last one set counts, and properties are set in the order of their names.
        let names = ["sasl.mechanisms", "sasl.mechanism"]
        guard let name = names.first(where: { settings[$0] != nil }), settings[name] == "OAUTHBEARER" else {
            return nil
        }
        guard word(settings["security.protocol"] ?? "").hasPrefix("sasl") else { return nil }
        let (method, unsecured) = ("sasl.oauthbearer.method", "enable.sasl.oauthbearer.unsecure.jwt")
        if word(settings[method] ?? "") == "oidc" { return nil }
        if ["true", "t", "1"].contains(word(settings[unsecured] ?? "")) { return nil }
        return KafkaPropertyProblem(
            property: name, message: "is OAUTHBEARER, which needs \(method): oidc or \(unsecured): true")
    }

    /// A client's certificate without its key, which librdkafka would leave out silently, or the other way round.
    static func missingPart(_ settings: [String: String]) -> KafkaPropertyProblem? {
        guard encrypts(settings) else { return nil }
        func given(_ part: String) -> String? {
            ["ssl.\(part).location", "ssl.\(part).pem"].first { !(settings[$0] ?? "").isEmpty }
        }
        switch (given("certificate"), given("key")) {
        case (let name?, nil):
            return KafkaPropertyProblem(property: name, message: "needs ssl.key.location, its private key")
        case (nil, let name?):
            return KafkaPropertyProblem(property: name, message: "needs ssl.certificate.location, its certificate")
        default: return nil
        }
    }

    /// A property of TLS that does nothing, because the client does not encrypt; librdkafka says nothing of it.
    static func unusedForTLS(_ settings: [String: String]) -> String? {
        guard !encrypts(settings), let name = settings.keys.filter({ $0.hasPrefix("ssl.") }).min() else { return nil }
        return "\(name) has no effect: security.protocol is \(settings["security.protocol"] ?? "plaintext")"
    }

    private static func encrypts(_ settings: [String: String]) -> Bool {
        word(settings["security.protocol"] ?? "").hasSuffix("ssl")
    }
}
