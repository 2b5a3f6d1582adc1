import TestSupport
import Testing

struct LabelledRowSourceTests {
    @Test func theSourceInMemoryKeepsEveryPromise() async throws {
        let source = InMemoryLabelledRowSource()
        try await LabelledRowSourceConformance(
            source: source, add: { source.add($0, task: $1) }, expire: { source.expireLease(task: $0) }
        ).run()
    }
}
