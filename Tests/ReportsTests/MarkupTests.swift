import Testing

@testable import Reports

struct MarkupTests {
    @Test func textsCannotBecomeTags() {
        let text = #"<script>alert("1")</script> & 'x'"#
        let markup: Markup = "<td title=\"\(text)\">\(text)</td>"
        let escaped = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;"
        #expect(markup.source == "<td title=\"\(escaped)\">\(escaped)</td>")
    }

    @Test func markupInMarkupStaysAsItIs() {
        let inner: Markup = "<b>\("a<b")</b>"
        #expect((("<p>\(inner)</p>") as Markup).source == "<p><b>a&lt;b</b></p>")
        #expect(Markup.joined([inner, .text("&"), .none]).source == "<b>a&lt;b</b>&amp;")
    }

    @Test func controlsAreNotWritten() {
        #expect(Markup.text("a\u{0}b\u{1b}c\nd\u{85}e").source == "a\u{FFFD}b\u{FFFD}c d\u{FFFD}e")
        #expect(Markup.text("Grüße 😀 東京").source == "Grüße 😀 東京")
    }

    @Test func numbersAreShort() {
        let (number, place, none) = (7, 12.345, Double.nan)
        #expect((("\(number) \(place) \(3.0) \(none)") as Markup).source == "7 12.3 3 0")
    }
}
