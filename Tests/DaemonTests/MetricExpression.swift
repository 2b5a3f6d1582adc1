/// The metrics and labels that an expression of PromQL names. It knows as much of the language as alerts and
/// dashboards use.
struct MetricExpression {
    /// A metric with the labels that its matchers name.
    struct Selector: Equatable {
        let metric: String
        var labels: [String] = []
    }

    private(set) var selectors: [Selector] = []
    /// The labels of `by`, `on` and their like.
    private(set) var grouping: [String] = []

    private static let groupings: Set<String> = [
        "by", "without", "on", "ignoring", "group_left", "group_right",
    ]
    private static let words: Set<String> = [
        "and", "or", "unless", "offset", "bool", "sum", "min", "max", "avg", "count", "topk", "bottomk", "quantile",
    ]

    init(_ text: String) {
        var rest = Substring(text)
        while let character = rest.first {
            if character == "\"" || character == "'" {
                Self.skip(&rest, past: character)
            } else if character == "[" {
                Self.skip(&rest, past: "]")
            } else if character == "{" {
                let labels = Self.matchers(&rest)
                if !selectors.isEmpty { selectors[selectors.count - 1].labels += labels }
            } else if character.isNumber {
                // A number, or a duration such as 10m.
                rest = rest.drop { $0.isNumber || $0.isLetter || $0 == "." }
            } else if character.isLetter || character == "_" {
                read(&rest)
            } else {
                rest.removeFirst()
            }
        }
    }

    private mutating func read(_ rest: inout Substring) {
        let word = String(rest.prefix { $0.isLetter || $0.isNumber || "_:".contains($0) })
        rest = rest.dropFirst(word.count)
        let next = rest.drop(while: \.isWhitespace)
        if Self.groupings.contains(word) {
            guard next.first == "(" else { return }
            let list = next.dropFirst().prefix { $0 != ")" }
            grouping += list.split { ", ".contains($0) }.map(String.init)
            rest = next.dropFirst(list.count + 2)
        } else if !Self.words.contains(word), next.first != "(" {
            selectors.append(Selector(metric: word))
        }
    }

    /// Skips a quoted string or a range.
    private static func skip(_ rest: inout Substring, past end: Character) {
        rest = rest.dropFirst().drop { $0 != end }.dropFirst()
    }

    /// The names in `{name="value", …}`.
    private static func matchers(_ rest: inout Substring) -> [String] {
        var labels: [String] = []
        rest.removeFirst()
        while let character = rest.first, character != "}" {
            if character == "\"" {
                skip(&rest, past: "\"")
            } else if character.isLetter || character == "_" {
                let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                labels.append(String(name))
                rest = rest.dropFirst(name.count)
            } else {
                rest.removeFirst()
            }
        }
        rest = rest.dropFirst()
        return labels
    }
}
