import Foundation
import Testing

@testable import Threading

/// A shell that runs a script.
private func shell(_ script: String) throws -> ChildProcess {
    try ChildProcess(
        program: "/bin/sh", arguments: ["-c", script], environment: ["GREETING": "hello", "PATH": "/usr/bin:/bin"])
}

@Test func outputAndStatusAreReadToTheEnd() async throws {
    let ending = await (try shell("echo $GREETING; echo; head -c 200000 /dev/zero; exit 7")).ending()
    #expect(ending.status == 7)
    #expect(ending.output.starts(with: Array("hello\n\n".utf8)))
    #expect(ending.output.count == 200_007)
}

/// Not SIGTERM: processes that other tests start at this moment would ignore it.
@Test func aProcessTakesASignalThatItsParentIgnores() async throws {
    let before = signal(SIGUSR2, SIG_IGN)
    defer { signal(SIGUSR2, before) }
    let child = try shell("exec sleep 600")
    child.signal(SIGUSR2)
    #expect(await child.ending().status == 128 + SIGUSR2)
}

@Test func oneThatWillNotEndIsEnded() async throws {
    let child = try shell("trap '' TERM; exec sleep 600")
    child.kill()
    #expect(await child.ending().status == 128 + SIGKILL)
    // Afterwards its id may be another's: nothing is sent any more.
    child.terminate()
}

@Test func aProgramThatIsNotThereIsAnError() {
    #expect(throws: SystemError("starting /nonexistent", code: ENOENT)) {
        _ = try ChildProcess(program: "/nonexistent", arguments: [], environment: [:])
    }
}

@Test func oneThatIsAskedToEndMayFinishItsWork() async throws {
    let child = try shell("cat > /dev/null; echo noted; exit 3")
    child.askToEnd()
    let ending = await child.ending()
    #expect(ending.status == 3 && ending.output == Array("noted\n".utf8))
}

@Test func aProcessHoldsNoPipeOfAnother() async throws {
    let first = try shell("cat > /dev/null")
    let second = try shell("exec sleep 600")
    // Its input closes although the second process lives on.
    first.askToEnd()
    #expect(await first.ending().status == 0)
    second.terminate()
    #expect(await second.ending().status == 128 + SIGTERM)
}

@Test func aChildInheritsNoOtherDescriptors() async throws {
    let descriptor = open("/dev/null", O_RDONLY)
    defer { close(descriptor) }
    #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC == 0)
    let ending = await (try shell("test -e /proc/$$/fd/\(descriptor) || echo closed")).ending()
    #expect(ending.output == Array("closed\n".utf8))
}
