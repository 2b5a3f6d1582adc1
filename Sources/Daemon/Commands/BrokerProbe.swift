import Foundation

/// Tries to connect to a pipeline's brokers: says nothing to them, so it changes nothing.
enum BrokerProbe {
    static func findings(_ pipeline: PipelineConfiguration) async -> [CheckReport.Finding] {
        let brokers = pipeline.source.brokers.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        var report = CheckReport(findings: [])
        var failures: [String] = []
        for broker in brokers {
            let failure = await withCheckedContinuation { continuation in
                let thread = Thread { continuation.resume(returning: connectionFailure(to: broker)) }
                thread.start()
            }
            if let failure { failures.append("\(broker): \(failure)") }
        }
        let key = "source.kafka.brokers"
        if failures.isEmpty {
            report.add(.fine, pipeline.problem(at: key, "reachable"))
        } else if failures.count < brokers.count {
            report.add(.warning, pipeline.problem(at: key, failures.joined(separator: "; ")))
        } else {
            let text = failures.joined(separator: "; ") + "; the daemon would wait for it"
            report.add(.warning, pipeline.problem(at: key, text))
        }
        return report.findings
    }

    /// How long one attempt may take.
    private static let patience = 3

    /// Why no connection comes about; nil if one does.
    private static func connectionFailure(to broker: String) -> String? {
        // `SASL_SSL://host:port` is what some brokers advertise; librdkafka takes it too.
        let address = broker.range(of: "://").map { String(broker[$0.upperBound...]) } ?? broker
        let colon = address.lastIndex(of: ":")
        let host = (colon.map { String(address[..<$0]) } ?? address).trimmingCharacters(in: ["[", "]"])
        let port = colon.map { String(address[address.index(after: $0)...]) } ?? "9092"
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, port, &hints, &list)
        guard code == 0 else { return String(cString: gai_strerror(code)) }
        defer { freeaddrinfo(list) }
        var failure = "no address"
        var next = list
        while let entry = next?.pointee {
            guard let reason = connectionFailure(to: entry) else { return nil }
            failure = reason
            next = entry.ai_next
        }
        return failure
    }

    private static func connectionFailure(to entry: addrinfo) -> String? {
        let descriptor = socket(entry.ai_family, entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), entry.ai_protocol)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        // On Linux the time-out of sending is that of connecting, too.
        var timeout = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard connect(descriptor, entry.ai_addr, entry.ai_addrlen) != 0 else { return nil }
        return errno == EINPROGRESS ? "no answer within \(patience) s" : String(cString: strerror(errno))
    }
}
