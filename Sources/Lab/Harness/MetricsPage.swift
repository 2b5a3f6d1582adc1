/// One reading of a daemon's `/metrics` page.
struct MetricsPage: Sendable {
    /// One sample of the page.
    struct Sample: Sendable {
        let name: String
        let labels: [String: String]
        let value: Double
    }
    let samples: [Sample]

    /// Parses the Prometheus text format. Lines that are no samples are skipped.
    init(text: String) {
        samples = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.compactMap { Self.sample($0) }
    }

    /// The sum of all samples of this name that have these labels, whatever other labels they have.
    func sum(_ name: String, _ labels: [String: String] = [:]) -> Double {
        samples.filter { sample in sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value } }
            .reduce(0) { $0 + $1.value }
    }

    private static func sample(_ line: Substring) -> Sample? {
        guard let blank = line.lastIndex(of: " "), let value = Double(line[line.index(after: blank)...]) else {
            return nil
        }
        let series = line[..<blank]
        guard let brace = series.firstIndex(of: "{"), series.hasSuffix("}") else {
            return Sample(name: String(series), labels: [:], value: value)
        }
        var labels: [String: String] = [:]
        // The lab's own label values contain neither quotes nor commas.
        for pair in series[series.index(after: brace)...].dropLast().split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            if sides.count == 2 { labels[String(sides[0])] = sides[1].filter { $0 != "\"" } }
        }
        return Sample(name: String(series[..<brace]), labels: labels, value: value)
    }
}
