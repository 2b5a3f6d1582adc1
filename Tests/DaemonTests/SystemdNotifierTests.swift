import Foundation
import TestSupport
import Testing

@testable import Daemon

@Test func messagesReachASocketWithAPath() throws {
    let folder = try TemporaryFolder()
    let socket = try NotifySocket(address: folder.path + "/notify")
    let notifier = try #require(SystemdNotifier(environment: ["NOTIFY_SOCKET": socket.address]))
    notifier.extendStart(by: .seconds(90), status: "measuring")
    #expect(socket.receive() == "EXTEND_TIMEOUT_USEC=90000000\nSTATUS=measuring")
    notifier.ready(status: "labelling: packages")
    #expect(socket.receive() == "READY=1\nSTATUS=labelling: packages")
    notifier.status("two\nlines")
    #expect(socket.receive() == "STATUS=two lines")
    notifier.watchdog()
    #expect(socket.receive() == "WATCHDOG=1")
    notifier.stopping(status: "draining")
    #expect(socket.receive() == "STOPPING=1\nSTATUS=draining")
    #expect(socket.receive() == nil)
}

@Test func messagesReachAnAbstractSocket() throws {
    let socket = try NotifySocket(address: "@lorikeet-test-\(UUID().uuidString)")
    let notifier = try #require(SystemdNotifier(environment: ["NOTIFY_SOCKET": socket.address]))
    notifier.watchdog()
    #expect(socket.receive() == "WATCHDOG=1")
}

@Test func aReloadCarriesTheMonotonicTime() throws {
    let folder = try TemporaryFolder()
    let socket = try NotifySocket(address: folder.path + "/notify")
    let notifier = try #require(SystemdNotifier(environment: ["NOTIFY_SOCKET": socket.address]))
    notifier.reloading()
    let message = try #require(socket.receive())
    let match = try #require(message.wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=(\d+)/))
    #expect(try #require(UInt64(match.1)) > 0)
}

@Test func noSocketNoNotifier() {
    #expect(SystemdNotifier(environment: [:]) == nil)
    #expect(SystemdNotifier(environment: ["NOTIFY_SOCKET": ""]) == nil)
    #expect(SystemdNotifier(environment: ["NOTIFY_SOCKET": "vsock:2:1"]) == nil)
    #expect(SystemdNotifier(environment: ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)]) == nil)
}

@Test func aMissingServiceManagerIsNoFailure() throws {
    let notifier = try #require(SystemdNotifier(environment: ["NOTIFY_SOCKET": "/nonexistent/notify"]))
    #expect(!notifier.send(["READY=1"]))
}

@Test func theWatchdogIsForTheProcessThatItNames() {
    let base = ["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000"]
    #expect(SystemdNotifier(environment: base)?.watchdogInterval == .seconds(30))
    #expect(SystemdNotifier(environment: base.merging(["WATCHDOG_PID": "1"]) { $1 })?.watchdogInterval == nil)
    #expect(
        SystemdNotifier(environment: base.merging(["WATCHDOG_PID": "\(getpid())"]) { $1 })?.watchdogInterval
            == .seconds(30))
    #expect(SystemdNotifier(environment: ["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "0"])?.watchdogInterval == nil)
}
