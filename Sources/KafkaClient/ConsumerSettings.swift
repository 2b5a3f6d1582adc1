/// What a consumer's properties have to be, whatever the user says.
enum ConsumerSettings {
    private static let fixed = [
        "enable.auto.commit": "false",
        "enable.auto.offset.store": "false",
        "enable.partition.eof": "false",
    ]

    private static let defaults = [
        "auto.offset.reset": "earliest",
        // librdkafka looks for topics made later only every 5 minutes.
        "topic.metadata.refresh.interval.ms": "10000",
        "socket.keepalive.enable": "true",
    ]

    static func checked(_ properties: [String: String], topics: [String]) throws(KafkaError) -> [String: String] {
        for (name, value) in fixed {
            if let given = properties[name], given != value {
                throw .invalid("'\(name)' must be \(value): an offset is committed only when its message is stored")
            }
        }
        if (properties["group.id"] ?? "").isEmpty { throw .invalid("'group.id' is missing") }
        if topics.isEmpty || topics.contains("") { throw .invalid("no topic to read, or one without a name") }
        return defaults.merging(properties) { _, given in given }.merging(fixed) { _, fixed in fixed }
    }

    static func resetsToEarliest(_ settings: [String: String]) -> Bool {
        ["smallest", "earliest", "beginning"].contains(word(settings["auto.offset.reset"] ?? ""))
    }

    /// As librdkafka compares words: whatever their case, without blanks around.
    private static func word(_ value: String) -> String {
        value.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

// MARK: - What librdkafka takes, and no consumer should have

extension ConsumerSettings {
    /// Why a property may not have a value that librdkafka would take in silence; reads on after the property's name.
    static func refusal(of value: String, name: String) -> String? {
        switch name {
        case "auto.offset.reset" where word(value) == "error":
            "does not take this value: with it the consumer stops reading without a word; use earliest or latest"
        case "topic.blacklist":
            "hides topics from the consumer: leave it out; source.kafka.topics names the topics"
        case _ where PropertyTable.integers.contains(name) && isMisread(value):
            "does not take this value; it takes \(range(of: name) ?? "a whole number"), "
                + "in decimal digits only: no unit, separator, fraction or leading zero"
        default: nil
        }
    }

    /// What to write in place of a value that a property does not take; nil where anything may be tried.
    static func range(of name: String) -> String? {
        guard let range = PropertyTable.ranges[name], !range.isEmpty else { return nil }
        if name == "auto.offset.reset" { return range.replacing(", error", with: "") }
        return range.replacing(" .. ", with: " to ")
    }

    /// Whether librdkafka finds a number that is not written there: its `strtol` stops at the first character that is
    /// no digit, takes 0x10 and 010 for hexadecimal and octal, and the result is cut to 32 bits. Words without a digit
    /// are left to librdkafka.
    private static func isMisread(_ value: String) -> Bool {
        guard value.contains(#/[0-9]/#) else { return false }
        return value.wholeMatch(of: #/[+-]?(0|[1-9][0-9]*)/#) == nil || Int32(value) == nil
    }

    /// Without one of two properties nothing gives OAUTHBEARER a token, and librdkafka waits for one in silence.
    static func missingTokenSource(_ settings: [String: String]) -> KafkaPropertyProblem? {
        // The last that is set counts, and properties are set in the order of their names.
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
}
