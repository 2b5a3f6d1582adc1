/// A piece of HTML or SVG.
///
/// Interpolated texts are escaped, other markup stays as it is: nothing from rows, labels or file names becomes a tag.
struct Markup: Sendable, Equatable, ExpressibleByStringInterpolation {
    private(set) var source: String

    /// A literal is markup.
    init(stringLiteral value: String) { source = value }
    init(stringInterpolation: StringInterpolation) { source = stringInterpolation.source }

    private init(source: String) { self.source = source }

    /// Nothing.
    static let none = Markup(source: "")

    /// A text, escaped.
    static func text(_ text: some StringProtocol) -> Markup { Markup(source: escaped(text)) }

    /// The beginning of a text, escaped: whole books are rows too.
    static func shortened(_ text: String) -> Markup { .text(text.count > 400 ? text.prefix(400) + "…" : text) }

    /// One after the other.
    static func joined(_ parts: some Sequence<Markup>) -> Markup { Markup(source: parts.map(\.source).joined()) }

    static func + (left: Markup, right: Markup) -> Markup { Markup(source: left.source + right.source) }
    static func += (left: inout Markup, right: Markup) { left.source += right.source }

    /// Safe in elements and in quoted attributes. HTML allows no control characters: they become U+FFFD.
    private static func escaped(_ text: some StringProtocol) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result += " "
            case "\u{0}"..<"\u{20}", "\u{7f}"..<"\u{a0}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var source = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            source.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        mutating func appendLiteral(_ literal: String) { source += literal }
        mutating func appendInterpolation(_ text: some StringProtocol) { source += Markup.escaped(text) }
        mutating func appendInterpolation(_ markup: Markup) { source += markup.source }
        mutating func appendInterpolation(_ number: Int) { source += String(number) }
        /// A length or a coordinate in a chart: tenths are fine enough.
        mutating func appendInterpolation(_ number: Double) {
            let tenths = number.isFinite ? (number * 10).rounded() / 10 : 0
            source += tenths == tenths.rounded() && abs(tenths) < 1e9 ? String(Int(tenths)) : String(tenths)
        }
    }
}
