import JSON
import Reports

/// How often the promotion gate decides rightly, in simulated retrainings.
public struct GateBenchmark: Sendable {
    /// What a group of cases shows.
    public enum Group: String, Sendable, CaseIterable {
        /// No challenger is better.
        case noGain = "no gain"
        /// Each is better.
        case gain
        /// A tenth of the held-out rows is mislabelled.
        case mislabelled
        /// One label is forgotten, spelled wrong or absent.
        case label
        /// The rule is `not_worse`.
        case notWorse = "not worse"
    }

    /// One line of the tables.
    public struct Case: Sendable {
        /// What it shows.
        public var group: Group
        /// What is simulated, in words.
        public var name: String
        /// What is simulated.
        public var simulation: GateSimulation

        init(_ group: Group, _ name: String, rows: Int, _ change: (inout GateSimulation) -> Void) {
            (self.group, self.name) = (group, name)
            simulation = GateSimulation()
            simulation.rows = rows
            change(&simulation)
        }
    }

    /// A case with its result.
    public struct Row: Sendable {
        /// The case.
        public var of: Case
        /// What became of its retrainings.
        public var tally: GateSimulation.Tally
    }

    private let retrainings: Int
    private let seed: UInt64

    /// - Parameter retrainings: how many are simulated per case.
    public init(retrainings: Int, seed: UInt64) { (self.retrainings, self.seed) = (retrainings, seed) }

    /// Simulates every case. The same seed gives the same rows.
    ///
    /// - Parameter progress: called after each case.
    public func run(progress: (Row) -> Void) throws -> [Row] {
        try Self.cases.map { `case` in
            try Task.checkCancellation()
            let row = Row(of: `case`, tally: `case`.simulation.run(retrainings: retrainings, seed: seed))
            progress(row)
            return row
        }
    }

    /// The tables as a section of the page that `make benchmark-learning` writes.
    public func section(_ rows: [Row]) -> String { GateSection(rows: rows, retrainings: retrainings, seed: seed).text }

    /// The rows as JSON.
    public func json(_ rows: [Row]) -> JSONValue {
        let cases = rows.map { row in
            JSONValue.object([
                ("group", .string(row.of.group.rawValue)), ("case", .string(row.of.name)),
                ("held_out_rows", .integer(row.of.simulation.rows)), ("promoted", .integer(row.tally.promoted)),
                ("promoted_at_once", .integer(row.tally.promotedAtOnce)), ("held", .integer(row.tally.held)),
                ("rejected", .integer(row.tally.rejected)), ("not_better", .integer(row.tally.notBetter)),
                ("harmful", .integer(row.tally.harmful)),
            ])
        }
        return .object([
            ("retrainings", .integer(retrainings)), ("seed", .integer(Int(clamping: seed))), ("cases", .array(cases)),
        ])
    }

    // MARK: - Cases

    static let cases = noGain + gains(.gain, mislabelled: 0) + gains(.mislabelled, mislabelled: 0.1) + labels + notWorse

    /// A share as points, such as `0.5 points`.
    private static func points(_ share: Double) -> String {
        let tenths = Int((share * 1_000).rounded())
        if tenths == 10 { return "1 point" }
        return tenths % 10 == 0 ? "\(tenths / 10) points" : "\(tenths / 10).\(tenths % 10) points"
    }

    private static let sizes = [200, 600, 2_000]

    private static var noGain: [Case] {
        sizes.flatMap { rows in
            [
                Case(.noGain, "5 labels", rows: rows) { _ in },
                Case(.noGain, "5 labels, a quarter of the rows are the newest", rows: rows) { $0.newest = 0.25 },
                Case(.noGain, "20 labels", rows: rows) { $0.labels = 20 },
            ]
        } + [Case(.noGain, "77 labels", rows: 2_000) { $0.labels = 77 }]
    }

    private static func gains(_ group: Group, mislabelled: Double) -> [Case] {
        let gains = (mislabelled > 0 ? [0] : []) + [0.005, 0.02, 0.05]
        return gains.flatMap { gain in
            sizes.map { rows in
                Case(group, gain == 0 ? "no better" : "\(points(gain)) better", rows: rows) {
                    ($0.gain, $0.mislabelled) = (gain, mislabelled)
                }
            }
        }
    }

    /// Challengers that are five points better over all labels.
    private static var labels: [Case] {
        let faults: [(String, GateSimulation.LabelFault)] = [
            ("forgotten", .forgotten), ("absent from all rows", .absent),
            ("spelled wrong in all rows", .misspelled(1)),
            ("spelled wrong in a quarter of its rows", .misspelled(0.25)),
        ]
        return faults.flatMap { name, fault in
            sizes.map { rows in
                Case(.label, "one of 20 labels is \(name)", rows: rows) {
                    ($0.labels, $0.gain, $0.fault) = (20, 0.05, fault)
                }
            }
        }
    }

    private static var notWorse: [Case] {
        [-0.02, -0.01, 0, 0.01].flatMap { gain in
            sizes.map { rows in
                let name = gain == 0 ? "no better" : "\(points(abs(gain))) \(gain < 0 ? "worse" : "better")"
                return Case(.notWorse, name, rows: rows) {
                    ($0.gain, $0.gate.rule) = (gain, .notWorse)
                }
            }
        }
    }
}
