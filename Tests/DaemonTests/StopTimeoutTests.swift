import Connectors
import Daemon
import Foundation
import Testing

@Suite struct StopTimeoutTests {
    /// systemd kills a daemon that has not ended by then: behind brokers that do not answer, each wait has a limit.
    @Test func theLimitsOfAnEndFitIntoSystemds() throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let unit = try String(contentsOf: root.appending(path: "systemd/daemon.conf"), encoding: .utf8)
        let limit = try #require(unit.firstMatch(of: #/(?m)^TimeoutStopSec=(\d+)s$/#)?.1)
        let source = KafkaSourceSettings(brokers: "127.0.0.1:1", topics: ["texts"], group: "g")
        let longest = DaemonOptions().drainTimeout + source.commitTimeout + source.leavePatience
        #expect(longest < .seconds(try #require(Int(limit))))
    }
}
