import Files
import Testing

/// Vectors of FIPS 180-4 and of `sha256sum`.
@Suite struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func digestsEqualKnownVectors(text: String, hexadecimal: String) {
        let digest = SHA256.hash(text.utf8)
        #expect(digest.hexadecimal == hexadecimal)
        #expect(digest.bytes.count == SHA256.Digest.byteCount)
        #expect(digest.prefix64 == digest.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    @Test func piecesGiveTheDigestOfTheWhole() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        var hash = SHA256()
        for start in stride(from: 0, to: 1000, by: 7) { hash.update(bytes[start..<min(start + 7, 1000)]) }
        hash.update([UInt8]())
        #expect(hash.finalize() == SHA256.hash(bytes))
        #expect(SHA256.hash(bytes.dropLast()) != SHA256.hash(bytes))
    }
}
