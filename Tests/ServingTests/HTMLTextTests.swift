import Testing

@testable import Serving

struct HTMLTextTests {
    @Test(arguments: [
        ("plain words,  as they are", "plain words,  as they are"),
        ("<p>Hello <b>w</b>orld</p><p>next", "Hello world\nnext"),
        ("a<br>b<br/>c", "a\nb\nc"), ("<td>a</td><td>b</td>", "a b"),
        ("<ul>\n  <li>one</li>\n  <li>two</li>\n</ul>", "one\ntwo"),
        ("<a href='x>y'>link</a>", "link"), ("<p\nclass=x>t</p>", "t"), ("<P STYLE=\"a\">T</P>", "T"),
        // Bodies that are no text.
        ("<script>if (a<b) x='</p>'</script>after", "after"), ("x<style>p{}</style>y", "x y"),
        ("<SCRIPT type=x>1</Script >t", "t"), ("<script>never ends >", ""), ("<script></scripts></script>t", "t"),
        ("<!-- <b>no</b> -->yes", "yes"), ("<!DOCTYPE html><?xml v?>t", "t"), ("</>x", "x"),
        ("<![CDATA[1 < 2 <b>]]> end", "1 < 2 <b> end"),
        // What is no markup.
        ("a < b && c > d", "a < b && c > d"), ("1<2>0", "1<2>0"), ("tail <b", "tail <b"), ("<", "<"), ("<>", "<>"),
        ("<b unclosed 'x>y", "y"),
        // References.
        ("&eacute;&#233;&#xE9;&#Xe9;", "\u{E9}\u{E9}\u{E9}\u{E9}"), ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("a&nbsp;&nbsp;b", "a b"), ("AT&T &unknown; &copy & &;", "AT&T &unknown; &copy & &;"), ("&amp &lt", "& <"),
        ("&#128;&#0;&#x110000;&#xD800;", "\u{20AC}\u{FFFD}\u{FFFD}\u{FFFD}"),
        ("&#99999999999999999;", "&#99999999999999999;"), ("&hearts;&apos;&euro;", "\u{2665}'\u{20AC}"),
        ("", ""), ("&", "&"), ("<p></p>", ""),
    ])
    func htmlIsTakenOut(html: String, text: String) {
        #expect(HTMLText.stripped(html) == text)
    }

    /// Each of these would take minutes if a step looked ahead again and again.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "<a \"x\"", "<!-- ", "<a ' \" >", "<script>&amp;</scripty", "<![CDATA[", "</", "&#x", "<a", "<b \">\"",
            "<b '>'", "<script></script \">\"",
        ])
    func hostileTextsTakeLinearTime(piece: String) {
        for end in ["", ">", "\"", "'>"] {
            let text = String(repeating: piece, count: 1_000_000 / piece.utf8.count) + end
            #expect(HTMLText.stripped(text).utf8.count <= text.utf8.count)
        }
    }
}
