import Foundation
import TestSupport
import Threading

@testable import Lab

/// A terminal on which a test types and reads what a program draws. It is nobody's controlling terminal.
final class PseudoTerminal {
    /// What `tcgetattr` says of the terminal.
    struct Modes: Equatable {
        let flags: [tcflag_t]
        let characters: [cc_t]

        /// Whether keys are read one by one, without echo and without making signals.
        var isRaw: Bool { flags[3] & tcflag_t(ICANON | ECHO | ISIG) == 0 }
    }

    private struct Failure: Error {}

    /// `TIOCSPTLCK` and `TIOCGPTN` of ioctl_tty(2), macros that Swift does not import.
    private static let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

    /// Everything that was written, as it came.
    private let written = Watched([UInt8]())
    private let master: Int32
    private let slave: Int32
    /// What is sent here ends the reader.
    private let ending = Program.pipe()
    private let hasEnded = Latch<Void>()

    init(columns: UInt16 = 80, rows: UInt16 = 24) throws {
        // What `posix_openpt`, `unlockpt` and `ptsname` do: Swift's Glibc does not have them.
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (lock, number): (Int32, Int32) = (0, 0)
        guard master >= 0, ioctl(master, Self.setLock, &lock) == 0, ioctl(master, Self.getNumber, &number) == 0
        else { throw Failure() }
        slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0 else { throw Failure() }
        resize(columns: columns, rows: rows)
        let (master, end) = (self.master, ending.fileHandleForReading.fileDescriptor)
        let started = SystemThread.start(name: "terminal") { [written, hasEnded] in
            Self.read(master, into: written, until: end)
            close(master)
            hasEnded.open()
        }
        guard started else { throw Failure() }
    }

    deinit {
        try? ending.fileHandleForWriting.close()
        close(slave)
    }

    private static func read(_ master: Int32, into written: Watched<[UInt8]>, until end: Int32) {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while case .ready = Poll.wait(for: master, signal: end, deadline: nil) {
            let count = Glibc.read(master, &bytes, bytes.count)
            guard count > 0 else { return }
            let piece = bytes[..<count]
            written.update { $0 += piece }
        }
    }

    /// As a window that is closed: who reads or writes gets an error.
    func hangUp() async throws {
        try ending.fileHandleForWriting.close()
        await hasEnded.value
    }

    // MARK: - Terminal

    var modes: Modes {
        var modes = termios()
        tcgetattr(slave, &modes)
        let characters = withUnsafeBytes(of: &modes.c_cc) { Array($0) }
        return Modes(flags: [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag], characters: characters)
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(master, bytes, bytes.count)
    }

    /// Starts the program with this terminal as its input and output.
    func start(_ process: Process) throws -> Program.Running {
        let terminal = FileHandle(fileDescriptor: slave, closeOnDealloc: false)
        (process.standardInput, process.standardOutput, process.standardError) = (terminal, terminal, terminal)
        return try Program.start(process)
    }

    // MARK: - What is on it

    /// Everything that was written since the beginning.
    var text: String { String(decoding: written.value, as: UTF8.self) }

    /// The lines of the screen that was drawn last, without colours; empty before the first one.
    var screen: [String] {
        let text = text
        guard let end = text.range(of: "\u{1B}[K\u{1B}[J", options: .backwards),
            let start = text.range(of: "\u{1B}[H", options: .backwards, range: text.startIndex..<end.lowerBound)
        else { return [] }
        let drawn = text[start.upperBound..<end.lowerBound].replacing(/\x1B\[[0-9;]*m/, with: "")
        return drawn.components(separatedBy: "\u{1B}[K").map { $0.filter { !$0.isNewline } }
    }

    /// Waits for a screen.
    func until(_ what: String, _ isShown: ([String]) -> Bool) async throws {
        try await Waiting.until(
            "no \(what) on the terminal: \(text.suffix(2000).debugDescription)", within: .seconds(60),
            every: .milliseconds(10)
        ) { isShown(screen) }
    }
}
