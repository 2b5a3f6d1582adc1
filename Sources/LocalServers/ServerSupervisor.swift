import Glibc

/// The shell that starts, stops and outlives a private server, and our end of the socket to it.
struct ServerSupervisor: Sendable {
    private let folder: String
    let shell: pid_t
    /// The shell cleans up when it closes. It closes on exec, so no other process holds it.
    let socket: Int32
    private var answers: SpawnedShell.AnswerReader

    /// Reads the commands `start`, `halt`, `crash` and `stop`. The end of input cleans up as `stop` does, but
    /// immediately. Answers on descriptor 3: `initialized` or `initdb-failed`; `exited` whenever the server has ended;
    /// end of file when the shell has ended. `server.pid` exists only while the server is running.
    private static let script = """
        trap '' PIPE
        umask 077
        cd "$FOLDER" || exit 1
        start() {
            rm -f exited
            { $AS sh -c 'echo $$ >server.pid; exec "$@"' sh "$BINARIES/postgres" -D data -k "$FOLDER" -p 5432 \
                -c listen_addresses= -c unix_socket_permissions=0700 -c logging_collector=off \
                -c log_destination=stderr -c max_files_per_process=16000 -c max_connections=100 \
                -c shared_buffers=64MB -c max_wal_size=1GB $OPTIONS \
                </dev/null >>server.log 2>&1 3>&-
              rm -f server.pid data/postmaster.pid
              echo exited >&3; } &
            waiter=$!
        }
        finish() {
            if server=$(cat server.pid 2>/dev/null); then
                kill -s CONT "$server" 2>/dev/null
                kill -s "$1" "$server" 2>/dev/null
            fi
            [ -n "$waiter" ] && wait "$waiter"
        }
        waiter=
        if $AS "$BINARIES/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync --no-instructions \
            >initdb.log 2>&1 3>&-; then
            printf 'local all +password_required scram-sha-256\\nlocal all all trust\\n' >data/pg_hba.conf
            echo initialized >&3
        else
            echo initdb-failed >&3
        fi
        command=
        while read -r command; do
            case "$command" in
            start) start ;;
            halt) finish INT ;;
            crash) finish QUIT ;;
            stop) break ;;
            esac
        done
        if [ "$command" = stop ]; then finish INT; else finish QUIT; fi
        cd /
        rm -rf "$FOLDER"
        """

    init(folder: String, binaries: String, user: ServerUser?, fsync: Bool, settings: [String: String])
        throws(PrivatePostgresError)
    {
        self.folder = folder
        // The shell splits them at spaces.
        let fast = fsync ? [] : ["fsync=off", "full_page_writes=off"]
        let options = (fast + settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).map { "-c \($0)" }
        let spawned = try SpawnedShell.start(
            script: Self.script,
            environment: [
                "FOLDER": folder, "BINARIES": binaries, "AS": user?.prefix ?? "", "LC_ALL": "C",
                "OPTIONS": options.joined(separator: " "),
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ])
        shell = spawned.process
        socket = spawned.socket
        answers = SpawnedShell.AnswerReader(descriptor: spawned.socket)
        do {
            try awaitInitialization()
            try startServer()
        } catch {
            stop()
            throw error
        }
    }

    private mutating func awaitInitialization() throws(PrivatePostgresError) {
        switch answers.next(until: ContinuousClock.now + .seconds(120)) {
        case .line("initialized"): return
        case .timeout: throw .timeout(waitingFor: "initdb")
        case .line, .end: throw .initialization(log: ServerFolder.tail(of: "\(folder)/initdb.log"))
        }
    }

    /// Starts the server and waits until it accepts connections.
    mutating func startServer() throws(PrivatePostgresError) {
        send("start")
        let deadline = ContinuousClock.now + .seconds(60)
        var pause: Duration = .milliseconds(5)
        while !isReady {
            // The server has no event for being ready: read its status file again while waiting for its exit.
            switch answers.next(until: min(deadline, ContinuousClock.now + pause)) {
            case .line, .end: throw .start(log: ServerFolder.tail(of: "\(folder)/server.log"))
            case .timeout: if ContinuousClock.now >= deadline { throw .timeout(waitingFor: "ready") }
            }
            pause = min(pause * 2, .milliseconds(50))
        }
    }

    /// The eighth line of `postmaster.pid` says `ready` once the server accepts connections.
    private var isReady: Bool {
        let lines = ServerFolder.contents(of: "\(folder)/data/postmaster.pid").split(
            separator: "\n", omittingEmptySubsequences: false)
        return lines.count >= 8 && lines[7].hasPrefix("ready")
    }

    private var server: pid_t? {
        let text = ServerFolder.contents(of: "\(folder)/server.pid")
        return pid_t(text.prefix { $0.isNumber })
    }

    /// Ends the server with the command `halt` or `crash`; does nothing if it is not running.
    mutating func endServer(_ command: String) throws(PrivatePostgresError) {
        guard server != nil else { return }
        signalServer(SIGCONT)
        send(command)
        switch answers.next(until: ContinuousClock.now + .seconds(60)) {
        case .line, .end: return
        case .timeout: throw .timeout(waitingFor: command)
        }
    }

    /// Signals the server and its children: SIGSTOP to the server first, so that it starts no more; others to the
    /// children first.
    func signalServer(_ signal: Int32) {
        guard let server else { return }
        let children = ServerFolder.children(of: server)
        for process in signal == SIGSTOP ? [server] + children : children + [server] { kill(process, signal) }
    }

    /// Stops the server and the shell: cleanly within 30 seconds, then by force.
    mutating func stop() {
        signalServer(SIGCONT)
        send("stop")
        let deadline = ContinuousClock.now + .seconds(30)
        waiting: while true {
            switch answers.next(until: deadline) {
            case .line: continue
            case .end: break waiting
            case .timeout:
                signalServer(SIGKILL)
                break waiting
            }
        }
        close(socket)
        var status: Int32 = 0
        while waitpid(shell, &status, 0) < 0, errno == EINTR {}
    }

    private func send(_ command: String) {
        let bytes = Array("\(command)\n".utf8)
        // A few bytes always fit. A dead shell shows as the end of its answers.
        _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
