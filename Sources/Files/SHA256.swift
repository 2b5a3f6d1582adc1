import COpenSSL

/// SHA-256 (FIPS 180-4), computed by libcrypto, which libpq and librdkafka load anyway.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// A hash of no bytes yet.
    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto is out of memory for a SHA-256 context")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes to the hash.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // Fails only for a context that was not initialized.
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// Adds bytes to the hash.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ update(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { update($0) }
        }
    }

    /// The digest of all bytes.
    public consuming func finalize() -> Digest {
        var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
        EVP_DigestFinal_ex(context, &bytes, nil)
        return Digest(bytes)
    }

    /// The digest of these bytes.
    public static func hash(_ bytes: some Sequence<UInt8>) -> Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// A digest, stored inline.
    public struct Digest: Hashable, Sendable {
        /// The size of a digest.
        public static let byteCount = 32
        private let words: (UInt64, UInt64, UInt64, UInt64)

        fileprivate init(_ bytes: [UInt8]) {
            func word(_ index: Int) -> UInt64 { bytes[index * 8..<index * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) } }
            words = (word(0), word(1), word(2), word(3))
        }

        /// The first eight bytes, the most significant one first.
        public var prefix64: UInt64 { words.0 }

        /// The 32 bytes.
        public var bytes: [UInt8] {
            [words.0, words.1, words.2, words.3].flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
            }
        }

        /// 64 lowercase hexadecimal digits.
        public var hexadecimal: String {
            let digits = Array("0123456789abcdef".utf8)
            return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }

        /// Whether all bytes are equal.
        public static func == (left: Self, right: Self) -> Bool { left.words == right.words }

        /// Feeds the first eight bytes to the hasher; they are random enough.
        public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
    }
}
