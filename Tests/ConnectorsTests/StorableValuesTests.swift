import Serving
import Testing

@testable import Connectors

@Suite struct StorableValuesTests {
    @Test func nullCharactersBecomeReplacementCharacters() {
        #expect(StorableText.text("a\0b\0") == "a\u{FFFD}b\u{FFFD}")
        #expect(StorableText.text("plain é 漢") == "plain é 漢")
    }

    @Test func timesStayWithinTheColumn() {
        #expect(StorableTime.milliseconds(nil) == 0)
        #expect(StorableTime.milliseconds(1_700_000_000_123) == 1_700_000_000_123)
        #expect(StorableTime.milliseconds(.max) == 9_224_318_015_999_000)
        #expect(StorableTime.milliseconds(.min) == -210_866_803_200_000)
    }

    @Test func scoresAreWrittenShort() {
        #expect(
            JSONText.object([("a", Double(Float(0.1))), ("b \"\\\n\0", 0.5)]) == #"{"a":0.1,"b \"\\\n"#
                + "\u{FFFD}\":0.5}")
        #expect(TaskLabelColumns.rounded(Double(Float(0.3))) == 0.3)
    }

    @Test func headersKeepTheirOrderAndNulls() {
        #expect(JSONText.headers([]) == nil)
        #expect(
            JSONText.headers([("kind", [0, 255]), ("kind", nil), ("empty", [])])
                == #"[{"name":"kind","base64":"AP8="},{"name":"kind"},{"name":"empty","base64":""}]"#)
    }

    @Test func chunksStayBelowTheLimit() {
        let chunks = Array(LabelStatements.Chunks([5, 5, 1, 20, 3][...], limit: 10) { $0 })
        #expect(chunks.map(Array.init) == [[5, 5], [1], [20], [3]])
        #expect(Array(LabelStatements.Chunks([Int]()[...]) { $0 }).isEmpty)
    }

    @Test func aLaterOutcomeReplacesAnEarlierOne() {
        let batch = StoreBatch([
            Samples.labelled(5), Samples.rejected(3), Samples.labelled(3), Samples.labelled(5, text: "again"),
        ])
        #expect(batch.labelled.map(\.message.origin.offset) == [3, 5])
        #expect(batch.labelled.last?.text == "again")
        #expect(batch.rejections.isEmpty)
        #expect(batch.receipt(refused: []) == StoreReceipt(labelled: 3, rejected: 1))
    }

    @Test func settingsShowNoPassword() {
        let settings = PostgresSettings(dsn: "host=db password=hunter2")
        #expect(!"\(settings)".contains("hunter2"))
        #expect(!String(reflecting: settings).contains("hunter2"))
        var kafka = KafkaSourceSettings(
            brokers: "b", topics: ["t"], group: "g", properties: ["sasl.password": "hunter2"])
        #expect(!"\(kafka)".contains("hunter2"))
        #expect(!String(reflecting: kafka).contains("hunter2"))
        kafka.properties["group.id"] = "other"
        #expect(kafka.refusedProperties == ["group.id"])
    }
}
