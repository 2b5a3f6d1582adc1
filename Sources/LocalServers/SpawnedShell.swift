import Glibc
import Threading

/// Starts a shell in a session of its own, so that neither Ctrl-C nor a closed terminal reaches it, with a socket of
/// ours as its input and its descriptor 3.
enum SpawnedShell {
    static func start(
        script: String, environment: [String: String]
    ) throws(PrivatePostgresError) -> (process: pid_t, socket: Int32) {
        // Close-on-exec from the start: no other child may hold our end open.
        var ends: [Int32] = [0, 0]
        if socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) != 0 {
            throw .process(reason: SystemError.text(errno))
        }
        let (ours, theirs) = (ends[0], ends[1])
        defer { close(theirs) }
        var launch = ProcessLaunch(program: "/bin/sh", arguments: ["-c", script], environment: environment)
        launch.descriptors = [(0, theirs), (1, nil), (2, nil), (3, theirs)]
        launch.startsSession = true
        // The server is long-lived: a descriptor of ours that it inherited, such as another child's pipe, would stay
        // open.
        launch.closesFrom = 4
        do throws(SystemError) { return (try launch.start(), ours) } catch {
            close(ours)
            throw .process(reason: SystemError.text(error.code))
        }
    }
}

extension SpawnedShell {
    /// Reads lines from a socket, with a deadline.
    struct AnswerReader: Sendable {
        enum Answer: Equatable {
            case line(String)
            case end
            case timeout
        }

        private let descriptor: Int32
        private var rest: [UInt8] = []

        init(descriptor: Int32) { self.descriptor = descriptor }

        mutating func next(until deadline: ContinuousClock.Instant) -> Answer {
            while true {
                if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { rest.removeSubrange(...end) }
                    return .line(String(decoding: rest[..<end], as: UTF8.self))
                }
                if Poll.wait(for: descriptor, deadline: deadline) == .deadline { return .timeout }
                var bytes = [UInt8](repeating: 0, count: 256)
                let count = read(descriptor, &bytes, bytes.count)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return .end }
                rest += bytes.prefix(count)
            }
        }
    }
}
