import Foundation

/// A key and a certificate that vouches for itself, made by openssl.
public struct Certificate: Sendable {
    /// Path of the certificate, in PEM.
    public let certificate: String
    /// Path of the private key, in PEM.
    public let key: String

    /// - Parameter address: the IPv4 address it is for.
    public static func make(in folder: String, name: String, address: String) throws -> Certificate {
        let made = Certificate(certificate: "\(folder)/\(name).crt", key: "\(folder)/\(name).key")
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        openssl.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj",
            "/CN=\(name)", "-addext", "subjectAltName=IP:\(address)", "-keyout", made.key, "-out", made.certificate,
        ]
        openssl.standardError = FileHandle.nullDevice
        openssl.standardOutput = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        guard openssl.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
        return made
    }

    /// Lets a user of this PostgreSQL server in through TLS, after a reload.
    public static func allow(_ user: String, in data: String) throws {
        let rules = try FileHandle(forUpdating: URL(fileURLWithPath: "\(data)/pg_hba.conf"))
        try rules.seekToEnd()
        try rules.write(contentsOf: Data("hostssl all \(user) 127.0.0.0/8 trust\n".utf8))
        try rules.close()
    }

    /// As the certificate of a PostgreSQL server; its files belong to the owner of the folder, who alone can read the
    /// key.
    public func install(in data: String) throws {
        let owner = try FileManager.default.attributesOfItem(atPath: data)
        for (source, name) in [(certificate, "server.crt"), (key, "server.key")] {
            let target = "\(data)/\(name)"
            try FileManager.default.copyItem(atPath: source, toPath: target)
            var attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
            // A user who is not root owns them already.
            if geteuid() == 0 {
                attributes[.ownerAccountID] = owner[.ownerAccountID]
                attributes[.groupOwnerAccountID] = owner[.groupOwnerAccountID]
            }
            try FileManager.default.setAttributes(attributes, ofItemAtPath: target)
        }
    }
}
