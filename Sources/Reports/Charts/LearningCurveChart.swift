/// Accuracy over labelled rows, as an SVG file of its own. It is readable on light and on dark pages.
public struct LearningCurveChart {
    /// The accuracy of one way of choosing rows.
    public struct Curve {
        let name: String
        let points: [(x: Double, y: Double)]

        /// - Parameter points: rows and accuracies, in the order of rows.
        public init(name: String, points: [(rows: Int, accuracy: Double)]) {
            self.name = name
            self.points = points.map { (Double($0.rows), $0.accuracy) }
        }
    }

    /// An accuracy to compare with, drawn as a horizontal line.
    public struct Level {
        let name: String
        let accuracy: Double

        /// - Parameters: as the line is named, and where it is.
        public init(name: String, accuracy: Double) { (self.name, self.accuracy) = (name, accuracy) }
    }

    private let title: String
    private let note: String
    private let curves: [Curve]
    private let level: Level?

    private static let width = 800.0
    private static let plotHeight = 400.0
    /// Where the plot begins: title, note and legend are above.
    private static let top = 96.0
    private static let inset = 16.0

    /// - Parameters:
    ///   - note: a line below the title.
    ///   - curves: the one that matters most first.
    public init(title: String, note: String, curves: [Curve], level: Level?) {
        (self.title, self.note, self.curves, self.level) = (title, note, curves, level)
    }

    /// The file.
    public var svg: String { markup.source }

    private var markup: Markup {
        let height = Self.top + Self.plotHeight + 8
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.width)" height="\(height)" \
            viewBox="0 0 \(Self.width) \(height)" role="img" aria-labelledby="title desc"
              font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif">
            <title id="title">\(title)</title>
            <desc id="desc">\(description)</desc>
            <style>
            \(Self.style)</style>
            <rect class="panel" x="0.5" y="0.5" width="\(Self.width - 1)" height="\(height - 1)" rx="10"/>
            <text class="title" x="20" y="32">\(title)</text>
            <text x="20" y="53">\(note)</text>
            \(legend)<g transform="translate(\(Self.inset) \(Self.top))">
            \(chart.drawing)</g>
            </svg>

            """
    }

    private var chart: LineChart {
        let ends = curves.flatMap { [$0.points.first, $0.points.last] }.compactMap { $0?.x }
        var series = curves.enumerated().map { place, curve in
            LineChart.Series(name: curve.name, points: curve.points, isMarked: true, colour: place)
        }
        // The first curve is the last drawn, above the others.
        series.reverse()
        if let level, let first = ends.min(), let last = ends.max() {
            series.insert(
                LineChart.Series(
                    name: level.name, points: [(first, level.accuracy), (last, level.accuracy)], isDashed: true,
                    colour: Self.levelColour),
                at: 0)
        }
        var chart = LineChart(
            title: title, xTitle: "labelled rows", yTitle: "accuracy", series: series, isPercent: true, xIsWhole: true)
        chart.size = (Self.width - 2 * Self.inset, Self.plotHeight)
        if let last = ends.max(), last > 0 { chart.xRange = 0...last }
        return chart
    }

    private static let levelColour = 4

    private var names: [(name: String, colour: Int)] {
        curves.enumerated().map { ($0.element.name, $0.offset) } + (level.map { [($0.name, Self.levelColour)] } ?? [])
    }

    private var legend: Markup {
        var x = 20.0
        return .joined(
            names.map { name, colour in
                defer { x += 52 + 7.2 * Double(name.count) }
                let dash: Markup = colour == Self.levelColour ? " dash" : .none
                return """
                    <path class="curve s\(colour)\(dash)" d="M\(x) 74H\(x + 24)"/>\
                    <text x="\(x + 31)" y="78.5">\(name)</text>

                    """
            })
    }

    private var description: String {
        let ends = curves.compactMap { curve in
            curve.points.last.map { "\(curve.name) \(Figure.percent($0.y)) with \(Int($0.x)) rows" }
        }
        return (ends + (level.map { ["\($0.name) \(Figure.percent($0.accuracy))"] } ?? [])).joined(separator: ", ")
    }

    private static let style: Markup = """
          .panel { fill: #ffffff; stroke: #d0d7de }
          text { fill: #4b535c; font-size: 13px }
          .title { fill: #1f2328; font-size: 16px; font-weight: 700 }
          .grid { stroke: #d0d7de; stroke-width: 1 }
          .axis { stroke: #4b535c; stroke-width: 1 }
          .curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round }
          .dash { stroke-dasharray: 7 4 }
          .s0 { stroke: #0860ca } .f0 { fill: #0860ca }
          .s1 { stroke: #6e7781 } .f1 { fill: #6e7781 }
          .s2 { stroke: #bc4c00 } .f2 { fill: #bc4c00 }
          .s3 { stroke: #1a7f37 } .f3 { fill: #1a7f37 }
          .s4 { stroke: #1f2328 }
          @media (prefers-color-scheme: dark) {
            .panel { fill: #0d1117; stroke: #3d444d }
            text { fill: #b1bac4 }
            .title { fill: #f0f6fc }
            .grid { stroke: #3d444d }
            .axis { stroke: #b1bac4 }
            .s0 { stroke: #4493f8 } .f0 { fill: #4493f8 }
            .s1 { stroke: #9198a1 } .f1 { fill: #9198a1 }
            .s2 { stroke: #f0883e } .f2 { fill: #f0883e }
            .s3 { stroke: #3fb950 } .f3 { fill: #3fb950 }
            .s4 { stroke: #f0f6fc }
          }

        """
}
