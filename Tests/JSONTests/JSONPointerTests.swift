import JSON
import Testing

struct JSONPointerTests {
    @Test func splitsAndUnescapes() throws {
        #expect(try JSONPointer("").tokens == [])
        #expect(try JSONPointer("/").tokens == [""])
        #expect(try JSONPointer("/a//b").tokens == ["a", "", "b"])
        #expect(try JSONPointer("/a~1b/~0~01").tokens == ["a/b", "~~1"])
    }

    @Test(arguments: ["", "/", "/a~1b/m~0n", "/käse/0"])
    func writesItselfAsItWasRead(text: String) throws {
        #expect(try JSONPointer(text).description == text)
    }

    @Test func aSlashSeparatesWhateverFollowsIt() throws {
        #expect(try JSONPointer("/\u{301}a/\u{308}").tokens == ["\u{301}a", "\u{308}"])
    }

    @Test func refusesWhatIsNoPointer() {
        #expect(throws: JSONPointerError.noLeadingSlash) { try JSONPointer("a") }
        #expect(throws: JSONPointerError.badEscape) { try JSONPointer("/a~2") }
        #expect(throws: JSONPointerError.badEscape) { try JSONPointer("/a~") }
    }
}
