import Glibc

/// A system call that failed.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What failed, such as `starting /bin/sh`.
    public let call: String
    /// `errno`.
    public let code: Int32

    /// An error of a call that set `errno` to this code.
    public init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// What failed and the system's message.
    public var description: String { "\(call): \(Self.text(code))" }

    /// The system's message for an `errno`, such as "No space left on device".
    public static func text(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        // The XSI form, which fills the buffer.
        return strerror_r(code, &buffer, buffer.count) == 0
            ? String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "error \(code)"
    }
}
