import Foundation

/// One reading of a daemon's `/metrics`, over the daemon's own HTTP port on loopback.
struct MetricsPage: Sendable {
    /// One sample: name, labels, value.
    struct Sample: Sendable {
        let name: String
        let labels: [String: String]
        let value: Double
    }
    let samples: [Sample]

    /// Parses the Prometheus text format.
    init(text: String) {
        samples = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.compactMap { Self.sample($0) }
    }

    /// The sum over all samples of a name whose labels include those given.
    public func sum(_ name: String, _ labels: [String: String] = [:]) -> Double {
        samples.filter { sample in sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value } }
            .reduce(0) { $0 + $1.value }
    }

    private static func sample(_ line: Substring) -> Sample? {
        guard let blank = line.lastIndex(of: " "), let value = Double(line[line.index(after: blank)...]) else {
            return nil
        }
        let series = line[..<blank]
        guard let brace = series.firstIndex(of: "{"), series.hasSuffix("}") else {
            return Sample(name: String(series), labels: [:], value: value)
        }
        var labels: [String: String] = [:]
        // The demo's own label values hold neither quotes nor commas.
        for pair in series[series.index(after: brace)...].dropLast().split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            if sides.count == 2 {
                labels[String(sides[0])] = sides[1].trimmingCharacters(in: CharacterSet(charactersIn: "\""))
            }
        }
        return Sample(name: String(series[..<brace]), labels: labels, value: value)
    }
}

/// A GET on loopback, answered within two seconds or not at all.
enum LoopbackHTTP {
    /// The body of `path` at `address` (`127.0.0.1:PORT`); nil if nobody answers.
    static func get(_ path: String, at address: String) -> (status: Int, body: String)? {
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            return nil
        }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return nil }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return nil }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            answer += chunk[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n"),
            let status = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else {
            return nil
        }
        return (status, String(text[end.upperBound...]))
    }
}
