import ArgumentParser
import DaemonClient
import FoundationEssentials
import Glibc
import Reports
import Threading

/// `lorikeet top`: what a daemon is doing, live.
struct Top: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch what a daemon is doing, live in a terminal.",
        discussion: """
            The same figures as lorikeet status, read again every second. q or Ctrl-C ends
            it; the arrows, j and k scroll. Without a terminal, or with TERM=dumb, the
            figures are printed again and again. NO_COLOR turns colours off.

            EXAMPLES
              lorikeet top
              lorikeet top --socket /run/lorikeet-mail/lorikeet.sock
              lorikeet top --url http://labels-2:9464 --interval 5
            """)

    @OptionGroup var daemon: DaemonPlaceOptions

    @Option(help: ArgumentHelp("Seconds between two readings.", valueName: "seconds"))
    var interval = 1.0

    func validate() throws {
        guard interval >= 0.1, interval <= 3600 else { throw ValidationError("--interval takes 0.1 to 3600 seconds") }
    }

    func run() async throws {
        // A daemon that does not answer must not keep the keys waiting for long.
        let feed = try StatusFeed(try daemon.place(), timeout: .seconds(2))
        // Errors at the start are errors; later ones are shown, and the daemon is asked again.
        let first = try feed.next()
        Interruption.watch()
        if let terminal = Terminal() {
            try show(first, feed, on: terminal)
        } else {
            try repeatPage(first, feed)
        }
    }

    /// One page after another.
    private func repeatPage(_ first: DaemonStatus, _ feed: StatusFeed) throws {
        try Status.print(first)
        while !Interruption.isAsked {
            try StandardOutput.shared.flush()
            guard pause(.seconds(interval)) else { return }
            switch Result(catching: { () throws(DaemonClientError) in try feed.next() }) {
            case .success(let status):
                try StandardOutput.shared.line("")
                try Status.print(status)
            case .failure(let error): StandardError.write("error: \(error)")
            }
        }
    }

    /// - Returns: whether nobody has asked to end.
    private func pause(_ duration: Duration) -> Bool {
        let deadline = ContinuousClock.now + duration
        while ContinuousClock.now < deadline {
            if Interruption.isAsked { return false }
            let left = min(deadline - ContinuousClock.now, .milliseconds(200))
            _ = poll(nil, 0, left.milliseconds)
        }
        return !Interruption.isAsked
    }

    private func show(_ first: DaemonStatus, _ feed: StatusFeed, on terminal: Terminal) throws {
        terminal.enter()
        defer { terminal.leave() }
        var screen = TopScreen(status: first)
        var readAt = ContinuousClock.now
        terminal.draw(screen.lines(terminal.size), colours: terminal.hasColours)
        var size = terminal.size
        while !Interruption.isAsked {
            let due = readAt + .seconds(interval)
            let key = terminal.key(within: max(.zero, min(due - .now, .milliseconds(200))))
            switch key {
            case .quit: return
            case .suspend: terminal.suspend()
            case .move(let rows): screen.scroll(rows, size)
            case .none:
                if ContinuousClock.now >= due {
                    screen.read(from: feed)
                    readAt = .now
                } else if size == terminal.size {
                    continue
                }
            }
            size = terminal.size
            terminal.draw(screen.lines(size), colours: terminal.hasColours)
        }
    }
}
