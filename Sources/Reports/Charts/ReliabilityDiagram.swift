import Training

/// A reliability diagram: accuracy over score. The scores of bars that end on the diagonal are calibrated.
struct ReliabilityDiagram {
    let title: String
    let bins: [Calibration.Bin]
    let caption: String
    /// The place in the order of colours.
    let colour: Int

    private static let plot = (left: 50.0, right: 452.0, top: 12.0, bottom: 226.0)

    var markup: Markup {
        let plot = Self.plot
        let filled = bins.filter { $0.count > 0 }
        let total = max(filled.reduce(0) { $0 + $1.count }, 1)
        let bars = filled.map { Self.bar($0, of: total, colour: colour) }
        let dots = filled.map { bin -> Markup in
            "<circle class=\"f\(colour)\" cx=\"\(Self.x(bin.meanScore))\" cy=\"\(Self.y(bin.accuracy))\" r=\"3.5\"/>"
        }
        return """
            <figure>
            <h3>\(title)</h3>
            <svg viewBox="0 0 460 270" role="img" aria-label="\(title): accuracy over score">
            \(Self.grid)\(Markup.joined(bars))\
            <path class="ideal" d="M\(Self.x(0)) \(Self.y(0))L\(Self.x(1)) \(Self.y(1))"/>
            \(Markup.joined(dots))\
            <line class="axis" x1="\(plot.left)" x2="\(plot.right)" y1="\(plot.bottom)" y2="\(plot.bottom)"/>
            <text x="251" y="262" text-anchor="middle">score</text>
            </svg>
            <figcaption>\(caption)</figcaption>
            </figure>

            """
    }

    private static var grid: Markup {
        Markup.joined(
            [0, 0.25, 0.5, 0.75, 1].map { tick -> Markup in
                let (x, y) = (x(tick), y(tick))
                return """
                    <line class="grid" x1="\(plot.left)" x2="\(plot.right)" y1="\(y)" y2="\(y)"/>\
                    <text x="\(plot.left - 7)" y="\(y + 4.5)" text-anchor="end">\
                    \(Figure.decimal(tick * 100, 0)) %</text>\
                    <text x="\(x)" y="\(plot.bottom + 19)" text-anchor="middle">\(Figure.decimal(tick, 2))</text>

                    """
            })
    }

    /// The accuracy of a bin; the more predictions the bin holds, the stronger the bar.
    private static func bar(_ bin: Calibration.Bin, of total: Int, colour: Int) -> Markup {
        let share = Double(bin.count) / Double(total)
        let opacity = Figure.decimal(0.18 + 0.5 * share.squareRoot(), 2)
        let (left, right, top) = (x(bin.lower) + 1.5, x(bin.upper) - 1.5, y(bin.accuracy))
        return """
            <rect class="f\(colour)" opacity="\(opacity)" x="\(left)" y="\(top)" width="\(max(right - left, 1))" \
            height="\(max(plot.bottom - top, 0.5))" rx="2"><title>scores from \(Figure.decimal(bin.lower, 2)) to \
            \(Figure.decimal(bin.upper, 2)): \(bin.count) predictions, \(Figure.decimal(bin.accuracy * 100, 1)) % \
            correct, mean score \(Figure.decimal(bin.meanScore, 3))</title></rect>

            """
    }

    private static func x(_ share: Double) -> Double { plot.left + share * (plot.right - plot.left) }
    private static func y(_ share: Double) -> Double { plot.bottom - share * (plot.bottom - plot.top) }
}
