import Foundation

/// A key and a certificate, made by openssl.
public struct Certificate: Sendable {
    /// Path of the certificate, in PEM.
    public let certificate: String
    /// Path of the private key, in PEM.
    public let key: String

    /// - Parameters:
    ///   - address: the IPv4 address it is for.
    ///   - authority: who vouches for it; nil: itself.
    public static func make(
        in folder: String, name: String, address: String, authority: Certificate? = nil
    ) throws -> Certificate {
        let made = Certificate(certificate: "\(folder)/\(name).crt", key: "\(folder)/\(name).key")
        let issuer = authority.map { ["-CA", $0.certificate, "-CAkey", $0.key] } ?? []
        try openssl(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:\(address)", "-keyout", made.key, "-out",
                made.certificate,
            ] + issuer)
        return made
    }

    /// Writes the key into a file of its own, encrypted, and returns its path.
    public func encryptedKey(password: String) throws -> String {
        let path = key + ".encrypted"
        try Self.openssl(["pkcs8", "-topk8", "-in", key, "-passout", "pass:\(password)", "-out", path])
        return path
    }

    /// Writes certificate and key into a PKCS#12 file, and returns its path.
    public func keystore(password: String) throws -> String {
        let path = key + ".p12"
        try Self.openssl([
            "pkcs12", "-export", "-in", certificate, "-inkey", key, "-passout", "pass:\(password)", "-out", path,
        ])
        return path
    }

    private static func openssl(_ arguments: [String]) throws {
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        openssl.arguments = ["openssl"] + arguments
        openssl.standardError = FileHandle.nullDevice
        openssl.standardOutput = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        guard openssl.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
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
