/// One reading of a daemon's `/metrics` page.
public struct MetricsPage: Sendable {
    /// One sample of the page.
    public struct Sample: Sendable, Equatable {
        /// Of the series.
        public let name: String
        /// By name.
        public let labels: [String: String]
        /// May be infinite or NaN.
        public let value: Double
    }

    /// In the order of the page.
    public let samples: [Sample]

    /// Parses the Prometheus text format. Lines that are no samples are skipped.
    public init(text: String) {
        // Only this ends a line: what else Unicode takes for a line end may stand in a label.
        samples = text.utf8.split(separator: UInt8(ascii: "\n")).map { Substring($0) }
            .filter { !$0.hasPrefix("#") }.compactMap { Self.sample($0) }
    }

    /// The samples of this name that have these labels, whatever other labels they have.
    public func samples(_ name: String, _ labels: [String: String] = [:]) -> [Sample] {
        samples.filter { sample in sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value } }
    }

    /// The sum of all samples of this name that have these labels, whatever other labels they have.
    public func sum(_ name: String, _ labels: [String: String] = [:]) -> Double {
        samples(name, labels).reduce(0) { $0 + $1.value }
    }

    /// As ``sum(_:_:)``; nil if there is no such sample, or the sum is not finite.
    public func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let found = samples(name, labels)
        let sum = found.reduce(0) { $0 + $1.value }
        return found.isEmpty || !sum.isFinite ? nil : sum
    }

    /// A quantile of a histogram, as `histogram_quantile` of Prometheus estimates it: linear within a bucket.
    ///
    /// - Parameter earlier: a reading of the same page before; only what came since then counts.
    /// - Returns: nil if the histogram is not on the page or counts nothing. The last finite bound if the quantile is
    ///   above it.
    public func quantile(
        _ share: Double, of name: String, _ labels: [String: String] = [:], since earlier: MetricsPage? = nil
    ) -> Double? {
        var counts: [Double: Double] = [:]
        for sample in samples(name + "_bucket", labels) {
            if let bound = sample.labels["le"].flatMap(Double.init) { counts[bound, default: 0] += sample.value }
        }
        for sample in earlier?.samples(name + "_bucket", labels) ?? [] {
            if let bound = sample.labels["le"].flatMap(Double.init) { counts[bound, default: 0] -= sample.value }
        }
        let buckets = counts.sorted { $0.key < $1.key }
        guard let total = buckets.last?.value, total > 0 else { return nil }
        let rank = share * total
        var (lower, below) = (0.0, 0.0)
        for (bound, count) in buckets {
            if count >= rank {
                guard bound.isFinite, count > below else { return lower }
                return lower + (bound - lower) * (rank - below) / (count - below)
            }
            (lower, below) = (bound, count)
        }
        return lower
    }

    // MARK: - Lines

    /// `name{label="value",…} value [timestamp]`.
    private static func sample(_ line: Substring) -> Sample? {
        guard let end = line.firstIndex(where: { $0 == "{" || $0 == " " }) else { return nil }
        let name = String(line[..<end])
        var rest = line[end...]
        guard let labels = rest.first == "{" ? readLabels(&rest) : [:] else { return nil }
        guard let value = rest.split(separator: " ").first.flatMap({ Double($0) }), !name.isEmpty else { return nil }
        return Sample(name: name, labels: labels, value: value)
    }

    /// Takes the labels with their braces; nil if they are not well formed.
    private static func readLabels(_ rest: inout Substring) -> [String: String]? {
        var labels: [String: String] = [:]
        rest.removeFirst()
        while rest.first != "}" {
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let name = String(rest[..<equals])
            rest = rest[rest.index(after: equals)...]
            guard rest.popFirst() == "\"", let value = readValue(&rest) else { return nil }
            labels[name] = value
            if rest.first == "," { rest.removeFirst() }
        }
        rest.removeFirst()
        return labels
    }

    /// Takes a value up to its closing quote, which it takes as well.
    private static func readValue(_ rest: inout Substring) -> String? {
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                value.append(escaped == "n" ? "\n" : escaped)
            default: value.append(character)
            }
        }
        return nil
    }
}
