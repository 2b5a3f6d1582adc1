import Foundation

/// What is wrong with a page of metrics, by the rules of `promtool check metrics` and of the text format.
struct PrometheusLint {
    private struct Family {
        var type = ""
        var help = false
        var isOver = false
    }

    private var families: [String: Family] = [:]
    private var seen: Set<String> = []
    private(set) var problems: [String] = []

    init(_ page: String) {
        var current = ""
        for line in page.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP "), words.count == 4 {
                begin(words[2], &current)
                if families[words[2]]?.help == true { problems.append("\(words[2]): a second HELP") }
                families[words[2]]?.help = true
            } else if line.hasPrefix("# TYPE "), words.count == 4 {
                begin(words[2], &current)
                families[words[2]]?.type = words[3]
            } else if !line.hasPrefix("#") {
                sample(String(line), current)
            }
        }
        for (name, family) in families.sorted(by: { $0.key < $1.key }) { check(name, family) }
    }

    /// The samples of a family stand together.
    private mutating func begin(_ name: String, _ current: inout String) {
        if name == current { return }
        if families[name] != nil { problems.append("\(name): its lines do not stand together") }
        families[name, default: Family()].isOver = false
        current = name
    }

    private mutating func sample(_ line: String, _ current: String) {
        guard let match = line.wholeMatch(of: /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)/) else {
            problems.append("not a sample: \(line)")
            return
        }
        let name = String(match.1)
        let suffixes = families[current]?.type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        if !suffixes.contains(where: { name == current + $0 }) {
            problems.append("\(name): a sample among those of \(current)")
        }
        if Double(match.3.replacing("Inf", with: "infinity")) == nil { problems.append("\(name): \(match.3)") }
        if !seen.insert(name + (match.2 ?? "")).inserted { problems.append("\(name)\(match.2 ?? ""): twice") }
        for label in Self.labelNames(in: String(match.2 ?? "")) {
            if label.wholeMatch(of: /[a-z_][a-z0-9_]*/) == nil { problems.append("\(name): label \(label)") }
            if label == "quantile" || label == "le" && families[current]?.type != "histogram" {
                problems.append("\(name): the label \(label) is reserved")
            }
        }
    }

    /// What stands outside of quotes, between the signs.
    private static func labelNames(in braces: String) -> [String] {
        var (names, name, isQuoted, isEscaped) = ([String](), "", false, false)
        for character in braces {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if !isQuoted, character == "=" {
                names.append(name)
                name = ""
            } else if !isQuoted, !"{},".contains(character) {
                name.append(character)
            }
        }
        return names
    }

    private static let units: [String: String] = [
        "milliseconds": "seconds", "microseconds": "seconds", "nanoseconds": "seconds", "minutes": "seconds",
        "hours": "seconds", "days": "seconds", "kilobytes": "bytes", "megabytes": "bytes", "gigabytes": "bytes",
        "bits": "bytes", "percent": "ratio", "percentage": "ratio",
    ]
    private static let abbreviations: Set<String> = [
        "s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d",
    ]
    private static let types: Set<String> = ["counter", "gauge", "histogram", "summary", "untyped"]

    private mutating func check(_ name: String, _ family: Family) {
        let words = name.split(separator: "_").map(String.init)
        func add(_ problem: String) { problems.append("\(name): \(problem)") }
        if !family.help { add("no HELP") }
        if !["counter", "gauge", "histogram"].contains(family.type) { add("the type \(family.type)") }
        if (family.type == "counter") != name.hasSuffix("_total") { add("_total is for counters, and for all of them") }
        if family.type != "histogram", ["_bucket", "_count", "_sum"].contains(where: name.hasSuffix) {
            add("the suffix is for histograms")
        }
        if name.wholeMatch(of: /[a-z][a-z0-9_]*/) == nil || name.contains("__") { add("not in snake case") }
        for word in words {
            if let base = Self.units[word] { add("\(word) instead of \(base)") }
            if Self.abbreviations.contains(word) { add("\(word) abbreviates a unit") }
            if Self.types.contains(word) { add("\(word) is a type") }
        }
    }
}
