import Serving
import Testing

struct OffsetRangeTests {
    private let partition = SourcePartition(topic: "a.b-c_d", partition: 3)

    @Test func bothOffsetsAreIncluded() {
        #expect(OffsetRange("a.b-c_d:3:5-9") == OffsetRange(partition, first: 5, end: 10))
        #expect(OffsetRange("a.b-c_d:3:5-5") == OffsetRange(partition, first: 5, end: 6))
        #expect(OffsetRange("a.b-c_d:3:5-") == OffsetRange(partition, first: 5, end: nil))
        for text in ["a.b-c_d:3:5-9", "a.b-c_d:3:0-"] { #expect(OffsetRange(text)?.description == text) }
    }

    @Test(arguments: [
        "", "a", "a:0", "a:0:", "a:0:5", "a:0:9-5", "a:0:-5", "a:0:-5-9", "a:x:0-1", "a:-1:0-1", ":0:0-1", "a:0:0-1-2",
        "a:0:0-1:2", "a:99999999999:0-1", "a:0:0-99999999999999999999", "a:0:0-9223372036854775807", "a:0:+1-2",
        "a:0: 1-2",
    ])
    func otherTextsAreNone(_ text: String) { #expect(OffsetRange(text) == nil) }
}
