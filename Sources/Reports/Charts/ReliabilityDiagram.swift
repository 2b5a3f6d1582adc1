/// Scores against how often they are right: bars that end on the diagonal are honest.
struct ReliabilityDiagram {
    /// Predictions whose scores lie between two bounds.
    struct Bin {
        let lower: Double
        let upper: Double
        let count: Int
        let meanScore: Double
        let accuracy: Double
    }

    let title: String
    let bins: [Bin]
    let caption: String
    /// The place in the order of colours.
    let colour: Int

    private static let plot = (left: 50.0, right: 452.0, top: 12.0, bottom: 226.0)

    var markup: Markup {
        let plot = Self.plot
        let total = max(bins.reduce(0) { $0 + $1.count }, 1)
        var drawing = Markup.none
        for tick in [0, 0.25, 0.5, 0.75, 1] {
            let (x, y) = (Self.x(tick), Self.y(tick))
            drawing += "<line class=\"grid\" x1=\"\(plot.left)\" x2=\"\(plot.right)\" y1=\"\(y)\" y2=\"\(y)\"/>"
            drawing +=
                "<text x=\"\(plot.left - 7)\" y=\"\(y + 4.5)\" text-anchor=\"end\">\(Figure.decimal(tick * 100, 0)) %</text>"
            drawing +=
                "<text x=\"\(x)\" y=\"\(plot.bottom + 19)\" text-anchor=\"middle\">\(Figure.decimal(tick, 2))</text>\n"
        }
        for bin in bins where bin.count > 0 { drawing += Self.bar(bin, of: total, colour: colour) }
        drawing += "<path class=\"ideal\" d=\"M\(Self.x(0)) \(Self.y(0))L\(Self.x(1)) \(Self.y(1))\"/>\n"
        for bin in bins where bin.count > 0 {
            drawing +=
                "<circle class=\"f\(colour)\" cx=\"\(Self.x(bin.meanScore))\" cy=\"\(Self.y(bin.accuracy))\" r=\"3.5\"/>"
        }
        return """
            <figure>
            <h3>\(title)</h3>
            <svg viewBox="0 0 460 270" role="img" aria-label="\(title): share of right answers over scores">
            \(drawing)<line class="axis" x1="\(plot.left)" x2="\(plot.right)" y1="\(plot.bottom)" y2="\(plot.bottom)"/>
            <text x="251" y="262" text-anchor="middle">score</text>
            </svg>
            <figcaption>\(caption)</figcaption>
            </figure>

            """
    }

    /// A bin's share of right answers; the fuller the bin, the stronger the bar.
    private static func bar(_ bin: Bin, of total: Int, colour: Int) -> Markup {
        let share = Double(bin.count) / Double(total)
        let opacity = Figure.decimal(0.18 + 0.5 * share.squareRoot(), 2)
        let (left, right, top) = (x(bin.lower) + 1.5, x(bin.upper) - 1.5, y(bin.accuracy))
        return """
            <rect class="f\(colour)" opacity="\(opacity)" x="\(left)" y="\(top)" width="\(max(right - left, 1))" \
            height="\(max(plot.bottom - top, 0.5))" rx="2"><title>scores from \(Figure.decimal(bin.lower, 2)) to \(Figure.decimal(bin.upper, 2)): \
            \(bin.count) answers, \(Figure.decimal(bin.accuracy * 100, 1)) % right, mean score \(Figure.decimal(bin.meanScore, 3))</title></rect>

            """
    }

    private static func x(_ share: Double) -> Double { plot.left + share * (plot.right - plot.left) }
    private static func y(_ share: Double) -> Double { plot.bottom - share * (plot.bottom - plot.top) }
}
