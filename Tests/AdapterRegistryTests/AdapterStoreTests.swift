import TestSupport
import Testing

struct AdapterStoreTests {
    @Test func theStoreInMemoryKeepsEveryPromise() async throws {
        let model = try TinyModel.shared.get()
        let adapters = try (1...3).map { try model.adapter(labels: ["red", "blue"], seed: $0) }
        try await AdapterStoreConformance(store: InMemoryAdapterStore(), adapters: adapters).run()
    }
}
