import DaemonClient
import Testing

@testable import lorikeet

@Suite struct TerminalTextTests {
    @Test func controlCharactersAreEscaped() {
        #expect(TerminalText.escaped("a\u{1B}[2Jb\r\n\tc") == "a\\u{1b}[2Jb\\r\\n\\tc")
        #expect(TerminalText.escaped("\u{9B}31m\u{7F}\u{202E}\u{2028}") == "\\u{9b}31m\\u{7f}\\u{202e}\\u{2028}")
        #expect(TerminalText.escaped("é 日本 👍🏽") == "é 日本 👍🏽")
    }

    @Test func widthsAreColumns() {
        #expect(TerminalText.width(of: "abc") == 3)
        #expect(TerminalText.width(of: "e\u{301}") == 1)
        #expect(TerminalText.width(of: "日本語") == 6)
        #expect(TerminalText.width(of: "한글") == 4)
        #expect(TerminalText.width(of: "👍🏽") == 2)
    }

    @Test func aLongTextIsCutAtTheWidth() {
        #expect(TerminalText.shortened("abcd", to: 4) == "abcd")
        #expect(TerminalText.shortened("abcde", to: 4) == "abc…")
        #expect(TerminalText.shortened("日本語テキスト", to: 7) == "日本語…")
        #expect(TerminalText.shortened("日本語テキスト", to: 6) == "日本…")
        #expect(TerminalText.shortened("日本語", to: 6) == "日本語")
        #expect(TerminalText.shortened("abc", to: 1) == "…")
        #expect(TerminalText.shortened("abc", to: 0) == "")
    }

    @Test func aTextThatPassedIsOneLinePerLabel() {
        func label(_ task: String, _ label: String?, _ labels: [String]? = nil, abstained: Bool = false)
            -> TappedTexts.Label
        {
            TappedTexts.Label(
                task: task, label: label, labels: labels, score: 0.98765, abstained: abstained, adapterDigest: "d")
        }
        let text = TappedTexts.Text(
            origin: "t/0@1", producedAt: nil, text: "Hello\nworld, \u{1B}[31m a text that is too long for the line",
            labels: [
                label("urgency", "high"), label("products-and-services", nil, ["a", "b"]), label("none", nil, []),
                label("role", nil, abstained: true),
            ])
        let lines = TappedTextLines.lines(of: text, width: 70)
        #expect(
            lines == [
                "urgency         high                  0.988  Hello\\nworld, \\u{1b}[31m…",
                "products-and-…  a, b                  0.988  Hello\\nworld, \\u{1b}[31m…",
                "none            (none)                0.988  Hello\\nworld, \\u{1b}[31m…",
                "role            (abstained)           0.988  Hello\\nworld, \\u{1b}[31m…",
            ])
    }
}
