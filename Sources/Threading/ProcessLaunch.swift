import CLinux
import Glibc

/// A program to start and how. The only caller of `posix_spawn`.
public struct ProcessLaunch: Sendable {
    /// An absolute path.
    public var program: String
    /// Without the program's own name.
    public var arguments: [String]
    /// The whole environment; nothing is inherited.
    public var environment: [String: String]
    /// Descriptors of this process and the numbers they get in the new one; nil stands for `/dev/null`.
    public var descriptors: [(number: Int32, source: Int32?)] = []
    /// Whether the process gets a session of its own, so that neither Ctrl-C nor a closed terminal reaches it.
    public var startsSession = false
    /// The lowest descriptor to close; this one and all above are closed in the new process.
    public var closesFrom: Int32?

    /// A launch that inherits all descriptors that are not closed on exec.
    public init(program: String, arguments: [String], environment: [String: String]) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }

    /// Starts the program. Signals that this process ignores or blocks have their default effect on it.
    ///
    /// - Returns: the process ID, for which the caller must wait.
    public func start() throws(SystemError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, source) in descriptors {
            if let source {
                posix_spawn_file_actions_adddup2(&actions, source, number)
            } else {
                posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            }
        }
        if let closesFrom { posix_spawn_file_actions_addclosefrom_np(&actions, closesFrom) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        setSignals(&attributes)

        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, program, &actions, &attributes, words, variables)
        guard code == 0 else { throw SystemError("starting \(program)", code: code) }
        return process
    }

    private func setSignals(_ attributes: inout posix_spawnattr_t) {
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        let flags = Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, startsSession ? flags | lorikeet_spawn_setsid : flags)
    }
}
