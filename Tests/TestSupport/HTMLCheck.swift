import Testing

/// What every report must be: well-formed, complete in itself, without scripts.
public enum HTMLCheck {
    private static let void: Set = ["meta", "br", "hr", "img", "!DOCTYPE"]

    /// Records an issue for each rule that the page breaks.
    public static func expectGood(_ html: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(html.hasPrefix("<!DOCTYPE html>"), sourceLocation: sourceLocation)
        #expect(unbalanced(html) == nil, sourceLocation: sourceLocation)
        let lower = html.lowercased()
        for word in [
            "<script", "javascript:", "onload=", "onclick=", "src=", "href=", "@import", "url(", "<iframe", "<link",
        ] {
            #expect(!lower.contains(word), "\(word)", sourceLocation: sourceLocation)
        }
        #expect(!lower.contains("nan\"") && !lower.contains("inf\""), sourceLocation: sourceLocation)
        for word in ["prefers-color-scheme: dark", "@media print", "name=\"viewport\"", "default-src 'none'"] {
            #expect(lower.contains(word.lowercased()), "\(word)", sourceLocation: sourceLocation)
        }
    }

    /// Records an issue for each rule that an SVG file of its own breaks.
    public static func expectGoodSVG(_ svg: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""), sourceLocation: sourceLocation)
        #expect(unbalanced(svg) == nil, sourceLocation: sourceLocation)
        let lower = svg.lowercased()
        for word in ["<script", "javascript:", "onload=", "href=", "@import", "url(", "nan", "inf\""] {
            #expect(!lower.contains(word), "\(word)", sourceLocation: sourceLocation)
        }
        for word in ["prefers-color-scheme: dark", "role=\"img\"", "<title", "<desc"] {
            #expect(lower.contains(word), "\(word)", sourceLocation: sourceLocation)
        }
    }

    /// The first tag that is not closed in its turn; nil if all are.
    static func unbalanced(_ html: String) -> String? {
        var open: [String] = []
        var rest = html[...]
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else { return "<" }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                guard open.popLast() == String(tag.dropFirst()) else { return "<\(tag)>" }
            } else if !tag.hasSuffix("/") {
                let name = String(tag.prefix { !$0.isWhitespace })
                if !void.contains(name) { open.append(name) }
            }
        }
        return open.last
    }
}
