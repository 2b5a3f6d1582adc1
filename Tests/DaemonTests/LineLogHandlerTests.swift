import Foundation
import Logging
import Synchronization
import Testing

@testable import Daemon

/// Lines that a logger wrote.
private final class Lines: Sendable {
    let all = Mutex<[String]>([])

    func logger(
        _ format: LogFormat, isJournal: Bool = false, hasColors: Bool = false, label: String = "lorikeet"
    ) -> Logger {
        Logger(label: label) { label in
            LineLogHandler(
                label: label, format: format, isJournal: isJournal, hasColors: hasColors,
                now: { Date(timeIntervalSince1970: 1.5) },
                write: { line in self.all.withLock { $0.append(line) } })
        }
    }
}

@Test func logfmtQuotesValuesWithBlanks() {
    let lines = Lines()
    var logger = lines.logger(.logfmt)
    logger[metadataKey: "pipeline"] = "packages"
    logger.warning("broker unavailable", metadata: ["reason": "a \"b\"\nc=d", "empty": "", "n": "\(7)"])
    #expect(
        lines.all.withLock { $0 } == [
            "time=1970-01-01T00:00:01.500Z level=warning msg=\"broker unavailable\" empty=\"\" n=7 "
                + "pipeline=packages reason=\"a \\\"b\\\"\\nc=d\"\n"
        ])
}

@Test func keysAndValuesNeverBreakALine() {
    let lines = Lines()
    lines.logger(.logfmt).info(
        "x", metadata: ["given back": "1", "a=b\n\"": "2", "": "3", "line": "a\u{2028}b\u{85}\u{7F}"])
    #expect(
        lines.all.withLock { $0 } == [
            "time=1970-01-01T00:00:01.500Z level=info msg=x _=3 a_b__=2 given_back=1 line=\"a\\u2028b\\u0085\\u007f\"\n"
        ])
}

@Test func jsonLinesAreJSON() throws {
    let lines = Lines()
    lines.logger(.json, label: "other").error("tab\there \u{1}", metadata: ["key": "ü\\"])
    let line = try #require(lines.all.withLock { $0.first })
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
    #expect(
        object == [
            "time": "1970-01-01T00:00:01.500Z", "level": "error", "msg": "tab\there \u{1}", "logger": "other",
            "key": "ü\\",
        ])
}

@Test func journaldGetsAPriorityAndNoTime() {
    let lines = Lines()
    lines.logger(.logfmt, isJournal: true).info("ready")
    lines.logger(.logfmt, isJournal: true).critical("gone")
    #expect(lines.all.withLock { $0 } == ["<6>level=info msg=ready\n", "<2>level=critical msg=gone\n"])
}

@Test func theJournalIsRecognizedByItsSocket() throws {
    var status = stat()
    try #require(fstat(2, &status) == 0)
    #expect(
        DaemonLogging.isJournal(descriptor: 2, environment: ["JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino)"]))
    #expect(!DaemonLogging.isJournal(descriptor: 2, environment: ["JOURNAL_STREAM": "1:1"]))
    #expect(!DaemonLogging.isJournal(descriptor: 2, environment: [:]))
}

/// Colours only add to the line: without them it is the same, and no value can bring its own.
@Test func aTerminalGetsColors() throws {
    let (colored, plain) = (Lines(), Lines())
    for (lines, hasColors) in [(colored, true), (plain, false)] {
        let logger = lines.logger(.logfmt, hasColors: hasColors)
        logger.warning("broker unavailable", metadata: ["reason": "\u{1B}[31mred\u{1B}[0m and \u{202E}right to left"])
        logger.error("gone")
        logger.info("here")
    }
    let lines = colored.all.withLock { $0 }
    #expect(lines[0].contains("\u{1B}[33mwarning\u{1B}[0m") && lines[1].contains("\u{1B}[31merror\u{1B}[0m"))
    #expect(!lines[2].contains("\u{1B}[3"))
    #expect(lines.map { $0.replacing(/\u{1B}\[[0-9]*m/, with: "") } == plain.all.withLock { $0 })
    #expect(plain.all.withLock { !$0.joined().contains("\u{1B}") && $0[0].contains("\\u202eright") })
}

@Test(
    arguments: [
        ([:], false), (["TERM": "xterm-256color"], true), (["TERM": "dumb"], false),
        (["TERM": "xterm", "NO_COLOR": "1"], false), (["TERM": "xterm", "NO_COLOR": ""], true),
    ] as [([String: String], Bool)])
func colorsAreForTerminalsThatHaveThem(_ environment: [String: String], _ expected: Bool) {
    #expect(DaemonLogging.hasColors(isTerminal: true, environment: environment) == expected)
    #expect(!DaemonLogging.hasColors(isTerminal: false, environment: environment))
}

/// Whatever data holds, an event is one line.
@Test(arguments: [LogFormat.logfmt, .json])
func everyCharacterStaysInItsLine(_ format: LogFormat) throws {
    let high: [Unicode.Scalar] = ["\u{FEFF}", "\u{1F600}", "\u{E0001}", "\u{10FFFF}"]
    let scalars = (UInt32(0)...0x3000).compactMap { Unicode.Scalar($0) } + high
    let text = String(String.UnicodeScalarView(scalars))
    for hasColors in [false, true] {
        let lines = Lines()
        lines.logger(format, hasColors: hasColors).info("\(text)", metadata: ["\(text)": "\(text)"])
        let line = try #require(lines.all.withLock { $0.first })
        let breaks = line.dropLast().unicodeScalars.filter {
            $0.value < 0x20 && !(hasColors && $0 == "\u{1B}") || (0x7F...0x9F).contains($0.value)
                || (0x2028...0x2029).contains($0.value)
        }
        #expect(breaks.isEmpty && line.hasSuffix("\n"))
    }
}
