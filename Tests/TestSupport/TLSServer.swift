import Foundation

/// A server with a certificate that nobody vouches for, by openssl; it speaks TLS and nothing in it.
public final class TLSServer {
    /// `127.0.0.1:port`.
    public let address: String
    /// Somebody else's: whoever trusts this one does not trust the server.
    public let otherCertificate: String
    /// The server's own.
    public let certificate: Certificate
    private let openssl: Process

    /// Starts to listen.
    ///
    /// - Parameter asksForCertificate: whether clients need a certificate of the server's own.
    public init(folder: String, asksForCertificate: Bool = false) throws {
        let own = try Certificate.make(in: folder, name: "server", address: "127.0.0.1")
        otherCertificate = try Certificate.make(in: folder, name: "other", address: "127.0.0.1").certificate
        openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        openssl.arguments = [
            "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", own.certificate, "-key", own.key, "-www",
        ]
        if asksForCertificate {
            openssl.arguments? += ["-Verify", "1", "-verify_return_error", "-CAfile", own.certificate]
        }
        certificate = own
        let output = Pipe()
        openssl.standardOutput = output
        openssl.standardInput = FileHandle.nullDevice
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        // `ACCEPT 127.0.0.1:45127`, once it listens.
        var told = ""
        while !told.contains("\n") || !told.contains("ACCEPT ") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { break }
            told += String(decoding: data, as: UTF8.self)
        }
        let line = told.split(separator: "\n").first { $0.hasPrefix("ACCEPT ") } ?? ""
        address = String(line.dropFirst("ACCEPT ".count)).trimmingCharacters(in: .whitespaces)
        guard !address.isEmpty else {
            kill(openssl.processIdentifier, SIGKILL)
            throw CocoaError(.fileReadUnknown)
        }
    }

    /// Closes all connections.
    public func stop() {
        // SIGTERM is blocked in what a thread of the cooperative pool starts, since it is blocked there.
        kill(openssl.processIdentifier, SIGKILL)
        openssl.waitUntilExit()
    }
}
