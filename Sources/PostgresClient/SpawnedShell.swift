import CLibPQ
import Glibc

/// A shell of its own session, so that neither Ctrl-C nor a closed terminal reaches it, with a socket of ours as its input and its descriptor 3.
enum SpawnedShell {
    /// glibc's `POSIX_SPAWN_SETSID`, which Swift does not see.
    private static let newSession: Int16 = 0x80

    static func start(
        script: String, environment: [String]
    ) throws(PrivatePostgresError) -> (process: pid_t, socket: Int32) {
        // Closed on exec from the start: no other child may hold our end open. (Swift does not see `pipe2`.)
        var ends: [Int32] = [0, 0]
        if socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) != 0 {
            throw .process(reason: SystemError.text(errno))
        }
        let (ours, theirs) = (ends[0], ends[1])
        defer { close(theirs) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, theirs, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        posix_spawn_file_actions_adddup2(&actions, theirs, 3)
        // The server lives long: whatever of ours it held open (another child's pipe, say) would not end before it does.
        posix_spawn_file_actions_addclosefrom_np(&actions, 4)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, newSession | Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var process: pid_t = 0
        let failure = withCStrings(["/bin/sh", "-c", script]) { arguments in
            withCStrings(environment) { variables in
                posix_spawn(
                    &process, "/bin/sh", &actions, &attributes, arguments.map(UnsafeMutablePointer.init(mutating:)),
                    variables.map(UnsafeMutablePointer.init(mutating:)))
            }
        }
        if failure == 0 { return (process, ours) }
        close(ours)
        throw .process(reason: SystemError.text(failure))
    }
}

/// Reads lines from a socket, never longer than a deadline.
struct LineReader: Sendable {
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
            if waitForSocket(descriptor, waker: nil, deadline: deadline) == .deadline { return .timeout }
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = read(descriptor, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return .end }
            rest += bytes.prefix(count)
        }
    }
}
