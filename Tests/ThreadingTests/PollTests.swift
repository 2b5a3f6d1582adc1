import Glibc
import TestSupport
import Testing

@testable import Threading

/// Two connected sockets, closed at the end.
private final class SocketPair: Sendable {
    let near: Int32
    let far: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        (near, far) = (ends[0], ends[1])
    }

    deinit {
        close(near)
        close(far)
    }

    /// Makes the near end readable.
    func send() { _ = write(far, "x", 1) }
}

@Suite(.timeLimit(.minutes(1)))
struct PollTests {
    private let sockets: SocketPair
    private let signal: SocketPair

    init() throws { (sockets, signal) = (try SocketPair(), try SocketPair()) }

    @Test func aReadableDescriptorIsReady() {
        sockets.send()
        #expect(Poll.wait(for: sockets.near, deadline: nil) == .ready)
    }

    @Test func theWaitEndsWhenTheDescriptorBecomesReadable() {
        let waiting = BlockingThread.run { [sockets] in Poll.wait(for: sockets.near, deadline: nil) }
        sockets.send()
        #expect(waiting.value == .ready)
    }

    @Test func aWritableDescriptorIsReadyOnlyForWriting() {
        #expect(Poll.wait(for: sockets.near, reading: false, writing: true, deadline: nil) == .ready)
        #expect(Poll.wait(for: sockets.near, deadline: .now) == .deadline)
    }

    @Test func theSignalEndsTheWait() {
        signal.send()
        #expect(Poll.wait(for: sockets.near, signal: signal.near, deadline: nil) == .signalled)
        sockets.send()
        #expect(Poll.wait(for: sockets.near, signal: signal.near, deadline: nil) == .ready)
    }

    @Test func theDeadlineEndsTheWaitAndNotBefore() {
        let deadline = ContinuousClock.now + .milliseconds(30)
        #expect(Poll.wait(for: sockets.near, deadline: deadline) == .deadline)
        #expect(ContinuousClock.now >= deadline)
        #expect(Poll.wait(for: sockets.near, deadline: .now - .seconds(5)) == .deadline)
    }

    @Test func aClosedPeerIsReady() {
        shutdown(sockets.far, Int32(SHUT_RDWR))
        #expect(Poll.wait(for: sockets.near, deadline: nil) == .ready)
    }

    @Test(arguments: [
        (Duration.zero, Int32(0)), (.seconds(-1), 0), (.nanoseconds(1), 1), (.milliseconds(1), 1),
        (.microseconds(1001), 2),
        (.seconds(2_000_000), 1_000_000_000),
    ])
    func millisecondsAreRoundedUpWithinALimit(duration: Duration, milliseconds: Int32) {
        #expect(duration.milliseconds == milliseconds)
    }
}
