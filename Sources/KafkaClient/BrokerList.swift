/// The value of `bootstrap.servers`.
struct BrokerList {
    /// `host:port` without white space, in the order given.
    let entries: [String]

    init(_ text: String) {
        entries = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
    }

    /// What is wrong with the list, as a clause after the property's name. librdkafka reports none of it: it misreads a
    /// wrong port, and waits for ever without a broker.
    var problem: String? {
        if entries.isEmpty { return "names no broker" }
        let wrong = entries.filter { !Self.hasUsablePort($0) }
        return wrong.isEmpty ? nil : "has no port from 1 to 65535 in \(wrong.joined(separator: ", "))"
    }

    /// A broker without a port gets Kafka's default, 9092.
    private static func hasUsablePort(_ entry: String) -> Bool {
        let address = entry.firstRange(of: "://").map { entry[$0.upperBound...] } ?? entry[...]
        let afterHost = address.lastIndex(of: "]").map { address[address.index(after: $0)...] } ?? address
        guard let colon = afterHost.lastIndex(of: ":") else { return true }
        return UInt16(afterHost[afterHost.index(after: colon)...]).map { $0 > 0 } ?? false
    }
}
