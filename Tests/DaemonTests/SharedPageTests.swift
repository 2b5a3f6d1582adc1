import Synchronization
import TestSupport
import Testing
import Threading

@testable import Daemon

@Suite struct SharedPageTests {
    /// Computes pages when it is told to, and counts them.
    private final class Source: Sendable {
        let began = Watched(0)
        let mayEnd = Watched(0)

        func compute() async -> HTTPServer.Response {
            let number = began.update { count -> Int in
                count += 1
                return count
            }
            await mayEnd.wait { $0 >= number }
            return .init(status: 200, contentType: "text/plain", body: "\(number)")
        }
    }

    /// Who asks while a page is computed gets the next one: what it says is never older than the request.
    @Test func allWhoAskBeforeItIsComputedShareAPage() async throws {
        let source = Source()
        let page = SharedPage(interval: .zero) { await source.compute() }
        async let first = page.response().body
        await source.began.wait { $0 == 1 }
        let others = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { await page.response().body } }
            try await eventually("all have asked") { page.waiting == 20 }
            source.mayEnd.update { $0 = 100 }
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(await first == "1")
        #expect(others == Array(repeating: "2", count: 20))
        #expect(await page.response().body == "3")
    }

    @Test func aPageIsComputedOncePerInterval() async {
        let source = Source()
        source.mayEnd.update { $0 = 100 }
        let slept = Mutex<[Duration]>([])
        let clock = Clock(now: { .seconds(5) }, sleep: { duration in slept.withLock { $0.append(duration) } })
        let page = SharedPage(interval: .milliseconds(100), clock: clock) { await source.compute() }
        #expect(await page.response().body == "1")
        #expect(await page.response().body == "2")
        #expect(slept.withLock { $0 } == [.milliseconds(100)])
    }
}
