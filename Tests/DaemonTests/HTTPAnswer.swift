import Foundation
import Testing

/// One request over a socket of its own.
struct HTTPAnswer: Sendable {
    var status: Int
    var head: String
    var body: String

    /// - Parameter address: `127.0.0.1:port`.
    static func get(_ path: String, from address: String) async throws -> HTTPAnswer {
        try await send("GET \(path)", to: address)
    }

    /// - Parameter request: method and path.
    static func send(_ request: String, body: String = "", to address: String) async throws -> HTTPAnswer {
        try await withCheckedThrowingContinuation { continuation in
            // A thread of its own: many requests at once must not wait for one another.
            Thread { continuation.resume(with: Result { try sendBlocking(request, body: body, to: address) }) }.start()
        }
    }

    /// A socket that is connected to a port of this machine.
    ///
    /// - Parameter seconds: how long connecting, reading and writing may wait; 0: without limit.
    static func connection(to port: UInt16, within seconds: Int = 0) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    private static func sendBlocking(_ line: String, body: String, to address: String) throws -> HTTPAnswer {
        let port = try #require(UInt16(address.split(separator: ":").last ?? ""))
        let descriptor = try #require(connection(to: port))
        defer { close(descriptor) }
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        let request = Array("\(line) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(length)\r\n\(body)".utf8)
        try #require(write(descriptor, request, request.count) == request.count)
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = Foundation.read(descriptor, &buffer, buffer.count), count > 0 {
            received += buffer[..<count]
        }
        let text = String(decoding: received, as: UTF8.self)
        let border = try #require(text.range(of: "\r\n\r\n"))
        let head = String(text[..<border.lowerBound])
        let status = try #require(head.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return HTTPAnswer(status: status, head: head, body: String(text[border.upperBound...]))
    }
}
