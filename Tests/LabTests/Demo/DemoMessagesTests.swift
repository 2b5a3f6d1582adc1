import JSON
import Testing

@testable import Lab

@Suite struct DemoMessagesTests {
    private func messages(_ packages: Int, inChunksOf chunk: Int) -> [LabProducer.Message] {
        let catalogue = (0..<packages).map {
            CataloguePackage(name: "p\($0)", description: "text \"\($0)\"", section: "libs", role: nil)
        }
        var messages = DemoMessages(catalogue[...])
        return (0..<(packages + chunk - 1) / chunk).flatMap { _ in messages.next(chunk) }
    }

    @Test func everyHundredMessagesHaveOneThatIsBroken() {
        let all = messages(3000, inChunksOf: 20)
        let broken = all.indices.filter { all[$0].key == nil }
        #expect(broken == (0..<11).map { 50 + 100 * $0 })
        #expect(all.count == 3000 + broken.count)
    }

    @Test func descriptionsAreJSONWithTheirKeys() throws {
        let message = try #require(messages(1, inChunksOf: 1).first)
        let object = try JSONParser.parse(try #require(message.payload))
        #expect(message.key == Array("p0".utf8))
        guard case .string("text \"0\"") = object["description"] else { throw LabError("another description") }
    }

    @Test func messagesTakeTurnsInThePartitions() {
        let partitions = messages(120, inChunksOf: 50).map(\.partition)
        #expect(partitions == partitions.indices.map { Int32($0 % 2) })
    }

    @Test func theStreamEndsWithTheCatalogue() {
        #expect(messages(5, inChunksOf: 10).count == 5)
    }
}
