import Foundation
import Logging
import TestSupport
import Testing

@testable import Daemon

/// What journald gets: its native protocol, one datagram per event.
@Suite struct JournalLogHandlerTests {
    /// A logger that sends to a socket, and the lines that it writes instead.
    private func logger(to address: String, label: String = "lorikeet") throws -> (Logger, LogOutput) {
        let output = LogOutput()
        let socket = try #require(UnixDatagram(address: address))
        let logger = Logger(label: label) { label in
            JournalLogHandler(
                label: label, send: socket.send,
                fallback: LineLogHandler(label: label, format: .journal, isJournal: true) { output.append($0) })
        }
        return (logger, output)
    }

    /// The fields of a datagram, as journald reads them.
    private func fields(_ datagram: String) throws -> [String: String] {
        var rest = Array(datagram.utf8)[...]
        var fields: [String: String] = [:]
        while let end = rest.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\n") }) {
            let name = String(decoding: rest[..<end], as: UTF8.self)
            let isLong = rest[end] == UInt8(ascii: "\n")
            rest = rest[(end + 1)...]
            var count = try #require(rest.firstIndex(of: UInt8(ascii: "\n"))) - rest.startIndex
            if isLong {
                count = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(8)
            }
            fields[name] = String(decoding: rest.prefix(count), as: UTF8.self)
            rest = rest.dropFirst(count)
            #expect(rest.first == UInt8(ascii: "\n"))
            rest = rest.dropFirst()
        }
        #expect(rest.isEmpty)
        return fields
    }

    @Test func anEventHasItsFields() throws {
        let folder = try TemporaryFolder()
        let journal = try NotifySocket(address: folder.path + "/journal")
        var (logger, output) = try logger(to: journal.address, label: "lorikeet.retrain")
        logger[metadataKey: "pipeline"] = "tickets"
        logger.warning(
            "sink unavailable, retrying",
            metadata: ["reason": "first line\nPRIORITY=0\n", "rows_used": "7", "ä b": "c"])
        let sent = try #require(journal.receive())
        #expect(
            try fields(sent) == [
                "MESSAGE":
                    #"sink unavailable, retrying pipeline=tickets reason="first line\nPRIORITY=0\n" rows_used=7 ä_b=c"#,
                "PRIORITY": "4", "SYSLOG_IDENTIFIER": "lorikeet", "LORIKEET_EVENT": "sink unavailable, retrying",
                "LORIKEET_LOGGER": "lorikeet.retrain", "LORIKEET_PIPELINE": "tickets",
                "LORIKEET_REASON": "first line\nPRIORITY=0\n", "LORIKEET_ROWS_USED": "7", "LORIKEET____B": "c",
            ])
        #expect(journal.receive() == nil && output.text.isEmpty)
    }

    @Test(arguments: [
        (Logger.Level.critical, 2), (.error, 3), (.warning, 4), (.notice, 5), (.info, 6), (.debug, 7), (.trace, 7),
    ])
    func aLevelIsAPriority(_ level: Logger.Level, _ priority: Int) throws {
        let folder = try TemporaryFolder()
        let journal = try NotifySocket(address: folder.path + "/journal")
        var (logger, _) = try logger(to: journal.address)
        logger.logLevel = .trace
        logger.log(level: level, "a\nb")
        let sent = try fields(try #require(journal.receive()))
        #expect(sent["PRIORITY"] == "\(priority)" && sent["MESSAGE"] == #"a\nb"#)
    }

    /// journald is restarted, or an event is too long for a datagram: the line goes to standard error.
    @Test func whatIsNotSentIsWritten() throws {
        let folder = try TemporaryFolder()
        let (logger, output) = try logger(to: folder.path + "/journal")
        logger.error("gone", metadata: ["reason": "x y"])
        #expect(output.text == "<3>level=error msg=gone reason=\"x y\"\n")
        let journal = try NotifySocket(address: folder.path + "/journal")
        logger.error("back")
        #expect(try fields(try #require(journal.receive()))["MESSAGE"] == "back")
        logger.error("long", metadata: ["reason": "\(String(repeating: "x", count: 8 << 20))"])
        #expect(journal.receive() == nil && output.text.contains("msg=long"))
    }
}

/// Keeps what a handler writes.
private final class LogOutput: Sendable {
    private let written = Watched("")

    var text: String { written.value }

    func append(_ line: String) { written.update { $0 += line } }
}
