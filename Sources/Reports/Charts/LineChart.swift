import Glibc

/// Curves over a common x-axis, as SVG. The page's style has the colours.
struct LineChart {
    /// One curve.
    struct Series {
        let name: String
        /// In order of x. Points that are not finite are left out.
        var points: [(x: Double, y: Double)]
        /// Whether each point has a marker.
        var isMarked = false
        /// Drawn faintly, under its smoothed twin.
        var isFaint = false
        var isDashed = false
        /// The place in the order of colours.
        var colour: Int
    }

    let title: String
    let xTitle: String
    let yTitle: String
    var series: [Series]
    /// Nil: the range of the points.
    var xRange: ClosedRange<Double>?
    var yRange: ClosedRange<Double>?
    /// Whether y-values are shares, shown in percent.
    var isPercent = false
    var xIsPercent = false
    /// Whether x counts something, such as epochs: no ticks between whole numbers.
    var xIsWhole = false

    var size = (width: 460.0, height: 270.0)
    private var plot: (left: Double, right: Double, top: Double, bottom: Double) {
        (left: 50, right: size.width - 8, top: 12, bottom: size.height - 44)
    }

    var markup: Markup {
        """
        <figure>
        <h3>\(title) <span class="unit">\(yTitle)</span></h3>
        \(legend)<svg viewBox="0 0 \(size.width) \(size.height)" role="img" \
        aria-label="\(title): \(yTitle) over \(xTitle)">
        \(drawing)</svg>
        </figure>

        """
    }

    /// Grid, curves and the title of the x-axis, for an SVG element of ``size``.
    var drawing: Markup {
        let x = axis(xRange, of: \.x, isPercent: xIsPercent, leastStep: xIsWhole ? 1 : 0)
        let y = axis(yRange, of: \.y, isPercent: isPercent)
        let curves = series.map { curve($0, x, y) }
        return """
            \(grid(x, y))\(Markup.joined(curves))<text x="\((plot.left + plot.right) / 2)" y="\(size.height - 8)" \
            text-anchor="middle">\(xTitle)</text>

            """
    }

    private var legend: Markup {
        let shown = series.filter { !$0.isFaint }
        guard shown.count > 1 else { return .none }
        let items = shown.map { series -> Markup in "<li><i class=\"b\(series.colour)\"></i>\(series.name)</li>" }
        return "<ul class=\"legend\">\(Markup.joined(items))</ul>\n"
    }

    // MARK: - Axes

    /// A range with ticks at round numbers.
    private struct Axis {
        let range: ClosedRange<Double>
        let ticks: [Double]
        let digits: Int
        let isPercent: Bool

        func share(_ value: Double) -> Double {
            let width = range.upperBound - range.lowerBound
            return width > 0 ? min(max((value - range.lowerBound) / width, 0), 1) : 0.5
        }
    }

    private func axis(
        _ given: ClosedRange<Double>?, of key: KeyPath<(x: Double, y: Double), Double>, isPercent: Bool,
        leastStep: Double = 0
    ) -> Axis {
        let values = series.flatMap { $0.points.map { $0[keyPath: key] } }.filter(\.isFinite)
        var range = given ?? (values.min() ?? 0)...(values.max() ?? 1)
        if range.lowerBound == range.upperBound { range = (range.lowerBound - 0.5)...(range.upperBound + 0.5) }
        let rough = (range.upperBound - range.lowerBound) / 4
        let power = pow(10, (log10(rough)).rounded(.down))
        let step = max(([1, 2, 2.5, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10) * power, leastStep)
        if given == nil {
            range = ((range.lowerBound / step).rounded(.down) * step)...((range.upperBound / step).rounded(.up) * step)
        }
        let first = (range.lowerBound / step - 1e-9).rounded(.up)
        let count = Int(((range.upperBound / step + 1e-9).rounded(.down) - first)) + 1
        let ticks = (0..<min(max(count, 0), 12)).map { (first + Double($0)) * step }
        let digits =
            (0...8).first { digits in ticks.allSatisfy { isWhole($0 * pow(10, Double(digits)) * (isPercent ? 100 : 1)) }
            } ?? 4
        return Axis(range: range, ticks: ticks, digits: digits, isPercent: isPercent)
    }

    private func isWhole(_ value: Double) -> Bool { abs(value - value.rounded()) < 1e-6 }

    private func place(_ point: (x: Double, y: Double), _ x: Axis, _ y: Axis) -> (x: Double, y: Double) {
        return (
            plot.left + x.share(point.x) * (plot.right - plot.left),
            plot.bottom - y.share(point.y) * (plot.bottom - plot.top)
        )
    }

    private func grid(_ x: Axis, _ y: Axis) -> Markup {
        var markup = Markup.none
        for tick in y.ticks {
            let at = place((x.range.lowerBound, tick), x, y).y
            markup += "<line class=\"grid\" x1=\"\(plot.left)\" x2=\"\(plot.right)\" y1=\"\(at)\" y2=\"\(at)\"/>"
            markup += "<text x=\"\(plot.left - 7)\" y=\"\(at + 4.5)\" text-anchor=\"end\">\(label(tick, y))</text>\n"
        }
        for tick in x.ticks {
            let at = place((tick, y.range.lowerBound), x, y).x
            markup += "<line class=\"axis\" x1=\"\(at)\" x2=\"\(at)\" y1=\"\(plot.bottom)\" y2=\"\(plot.bottom + 4)\"/>"
            markup += "<text x=\"\(at)\" y=\"\(plot.bottom + 19)\" text-anchor=\"middle\">\(label(tick, x))</text>\n"
        }
        return markup + """
            <line class="axis" x1="\(plot.left)" x2="\(plot.right)" y1="\(plot.bottom)" y2="\(plot.bottom)"/>

            """
    }

    private func label(_ value: Double, _ axis: Axis) -> String {
        if axis.isPercent { return Figure.decimal(value * 100, axis.digits) + " %" }
        return axis.digits == 0 && abs(value) >= 10_000
            ? Figure.decimal(value / 1000, isWhole(value / 1000) ? 0 : 1) + " k"
            : Figure.decimal(value, axis.digits)
    }

    // MARK: - Curves

    private func curve(_ series: Series, _ x: Axis, _ y: Axis) -> Markup {
        let points = series.points.filter { $0.x.isFinite && $0.y.isFinite }
        guard !points.isEmpty else { return .none }
        let faint: Markup = series.isFaint ? " thin" : .none
        let dash: Markup = series.isDashed ? " dash" : .none
        var markup: Markup = "<path class=\"curve s\(series.colour)\(faint)\(dash)\" d=\"\(path(points, x, y))\"/>\n"
        if series.isMarked || points.count == 1 {
            for point in points {
                let at = place(point, x, y)
                let value = isPercent ? Figure.decimal(point.y * 100, 2) + " %" : Figure.decimal(point.y, 4)
                markup += """
                    <circle class="f\(series.colour)" cx="\(at.x)" cy="\(at.y)" r="3.5">\
                    <title>\(series.name): \(value)</title></circle>

                    """
            }
        }
        return markup
    }

    private func path(_ points: [(x: Double, y: Double)], _ x: Axis, _ y: Axis) -> Markup {
        Markup.joined(
            points.enumerated().map { number, point in
                let at = place(point, x, y)
                return number == 0 ? "M\(at.x) \(at.y)" : "L\(at.x) \(at.y)"
            })
    }
}
