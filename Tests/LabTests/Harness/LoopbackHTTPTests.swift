import Testing

@testable import Lab

@Suite struct LoopbackHTTPTests {
    @Test func nobodyAnswersOnAClosedPort() {
        #expect(LoopbackHTTP.get("/metrics", at: "127.0.0.1:1") == nil)
        #expect(LoopbackHTTP.get("/metrics", at: "nowhere") == nil)
    }
}
