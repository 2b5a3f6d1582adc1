import Glibc

/// A call of the operating system that failed.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was tried, such as `starting /bin/sh`.
    public let call: String
    /// `errno`.
    public let code: Int32

    public init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    public var description: String { "\(call): \(Self.text(code))" }

    /// The system's own words for an `errno`, such as "No space left on device".
    public static func text(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        // The XSI form, which fills the buffer.
        return strerror_r(code, &buffer, buffer.count) == 0
            ? String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "error \(code)"
    }
}
