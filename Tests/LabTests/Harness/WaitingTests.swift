import Testing

@testable import Lab

@Suite struct WaitingTests {
    @Test func itReturnsAsSoonAsTheConditionHolds() async throws {
        var looks = 0
        try await Waiting.until("never", within: .seconds(60), every: .zero) {
            looks += 1
            return looks == 3
        }
        #expect(looks == 3)
    }

    @Test func aTimeoutSaysWhatItWaitedFor() async throws {
        let error = await #expect(throws: LabError.self) {
            try await Waiting.until("no rows", within: .zero) { false }
        }
        #expect(error?.description == "timed out after 0 s: no rows")
    }

    @Test func errorsOfTheConditionAreThrown() async throws {
        await #expect(throws: CancellationError.self) {
            try await Waiting.until("no rows", within: .seconds(60)) { throw CancellationError() }
        }
    }
}
