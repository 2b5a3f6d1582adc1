import Foundation
import Logging
import Synchronization
import Testing

@testable import Daemon

/// Lines that a logger wrote.
private final class Lines: Sendable {
    let all = Mutex<[String]>([])

    func logger(_ format: LogFormat, isJournal: Bool = false, label: String = "lorikeet") -> Logger {
        Logger(label: label) { label in
            LineLogHandler(
                label: label, format: format, isJournal: isJournal, now: { Date(timeIntervalSince1970: 1.5) },
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
