/// A difference of two shares with its confidence interval, on a line around zero.
struct IntervalChart {
    let value: Double
    let lower: Double
    let upper: Double
    let leftName: String
    let rightName: String

    var markup: Markup {
        let reach = max(abs(lower), abs(upper), abs(value), 0.005) * 1.15
        func x(_ value: Double) -> Double { 20 + (value + reach) / (2 * reach) * 420 }
        return """
            <figure>
            <svg viewBox="0 0 460 112" role="img" aria-label="difference of macro-F1 with its 95 % confidence interval">
            <line class="grid" x1="20" x2="440" y1="52" y2="52"/>
            <line class="ideal" x1="230" x2="230" y1="16" y2="82"/>
            <line class="curve s0" x1="\(x(lower))" x2="\(x(upper))" y1="52" y2="52"/>
            <line class="curve s0" x1="\(x(lower))" x2="\(x(lower))" y1="44" y2="60"/>
            <line class="curve s0" x1="\(x(upper))" x2="\(x(upper))" y1="44" y2="60"/>
            <circle class="f0" cx="\(x(value))" cy="52" r="6"/>
            <text class="name" x="\(min(max(x(value), 60), 400))" y="34" text-anchor="middle">\
            \(Figure.points(value))</text>
            <text x="20" y="98">← \(leftName) is better</text>
            <text x="440" y="98" text-anchor="end">\(rightName) is better →</text>
            <text x="230" y="98" text-anchor="middle">0</text>
            </svg>
            </figure>

            """
    }
}
