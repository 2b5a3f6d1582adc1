/// How often the texts of a window fell into each bin of each signal. Bounded memory, no texts.
public struct TextProfile: Sendable, Equatable {
    /// The number of labels of the adapter.
    public let labels: Int
    /// The number of texts.
    public private(set) var texts = 0
    /// The sum of the expected accuracies.
    public private(set) var expectedCorrect = 0.0
    /// What the scores of a task with sets of labels promise, one entry per label; empty for other tasks.
    public private(set) var labelExpectations: [LabelExpectation] = []
    private var counts: [DriftSignal: [Int]]

    /// A profile of no texts.
    public init(labels: Int) {
        self.labels = labels
        counts = Dictionary(
            uniqueKeysWithValues: DriftSignal.allCases.map { signal in
                (signal, [Int](repeating: 0, count: Bins.count(signal, labels: labels)))
            })
    }

    /// The counts of a signal, one per bin. All are 0 where the signal is unknown.
    public func counts(_ signal: DriftSignal) -> [Int] { counts[signal] ?? [] }

    /// Whether any text counts for a signal.
    func knows(_ signal: DriftSignal) -> Bool { counts(signal).contains { $0 > 0 } }

    /// The accuracy that the scores promise: their mean; nil without texts. It is as good as the scores are calibrated.
    public var estimatedAccuracy: Double? { texts > 0 ? expectedCorrect / Double(texts) : nil }

    /// Counts a text.
    public mutating func add(_ text: TextObservation) {
        texts += 1
        if text.expectedAccuracy.isFinite { expectedCorrect += text.expectedAccuracy }
        addExpectations(text.givenLabels)
        for signal in DriftSignal.allCases {
            guard let bin = text.bin(signal), let count = counts[signal]?.count, (0..<count).contains(bin) else {
                continue
            }
            counts[signal]?[bin] += 1
        }
    }

    private mutating func addExpectations(_ given: [TextObservation.GivenLabel]) {
        guard given.count == labels else { return }
        if labelExpectations.isEmpty { labelExpectations = [LabelExpectation](repeating: .init(), count: labels) }
        for (label, given) in given.enumerated() { labelExpectations[label].add(given) }
    }

    /// Adds the texts of another window of the same adapter.
    public mutating func merge(_ other: TextProfile) {
        guard other.labels == labels else { return }
        texts += other.texts
        expectedCorrect += other.expectedCorrect
        if labelExpectations.isEmpty {
            labelExpectations = other.labelExpectations
        } else {
            for (label, expectation) in other.labelExpectations.enumerated() {
                labelExpectations[label].add(expectation)
            }
        }
        for signal in DriftSignal.allCases {
            counts[signal] = zip(counts(signal), other.counts(signal)).map { $0 + $1 }
        }
    }

    /// Takes the counts of one signal from another window of the same adapter.
    mutating func take(_ signal: DriftSignal, from other: TextProfile) {
        if other.labels == labels { counts[signal] = other.counts(signal) }
    }
}

extension TextProfile: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }

        static let labels = Key("label_count")
        static let texts = Key("texts")
        static let expectedCorrect = Key("expected_correct")
        static let labelExpectations = Key("expected_labels")
    }

    /// Reads counts. A signal that is missing is unknown.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let labels = try values.decode(Int.self, forKey: .labels)
        guard (1...1_000_000).contains(labels) else {
            throw DecodingError.dataCorruptedError(
                forKey: .labels, in: values, debugDescription: "must be from 1 to 1000000")
        }
        self.init(labels: labels)
        texts = try values.decode(Int.self, forKey: .texts)
        expectedCorrect = try values.decode(Double.self, forKey: .expectedCorrect)
        for signal in DriftSignal.allCases {
            let key = Key(signal.rawValue)
            guard let found = try values.decodeIfPresent([Int].self, forKey: key) else { continue }
            // The upper bound keeps sums of hostile counts from overflowing.
            guard found.count == counts(signal).count, found.allSatisfy((0...(1 << 40)).contains) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: values, debugDescription: "must be \(counts(signal).count) counts")
            }
            counts[signal] = found
        }
        labelExpectations = try values.decodeIfPresent([LabelExpectation].self, forKey: .labelExpectations) ?? []
        guard labelExpectations.isEmpty || labelExpectations.count == labels,
            labelExpectations.allSatisfy(\.isValid)
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .labelExpectations, in: values, debugDescription: "must be one per label")
        }
        guard (0...(1 << 40)).contains(texts), expectedCorrect.isFinite else {
            throw DecodingError.dataCorruptedError(
                forKey: .texts, in: values, debugDescription: "must be a number of texts")
        }
    }

    /// Writes the counts of the signals that are known.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(labels, forKey: .labels)
        try values.encode(texts, forKey: .texts)
        try values.encode(expectedCorrect, forKey: .expectedCorrect)
        if !labelExpectations.isEmpty { try values.encode(labelExpectations, forKey: .labelExpectations) }
        for signal in DriftSignal.allCases where knows(signal) {
            try values.encode(counts(signal), forKey: Key(signal.rawValue))
        }
    }
}
