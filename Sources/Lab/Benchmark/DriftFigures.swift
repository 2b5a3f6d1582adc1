import Drift
import JSON
import Reports

/// The result of a drift benchmark.
public struct DriftFigures {
    /// What happened when the texts shifted to one label.
    struct Shift {
        let label: String
        /// Nil: there was no alarm.
        let textsUntilAlarm: Int?
        let signals: [DriftSignal]
    }

    let seed: UInt64
    let steadyTexts: Int
    var falseAlarms = 0
    /// The largest population stability index of each signal on shuffled texts.
    var largestIndices: [DriftSignal: Double] = [:]
    var estimatedAccuracy: Double?
    var shifts: [Shift] = []

    init(seed: UInt64, steadyTexts: Int) { (self.seed, self.steadyTexts) = (seed, steadyTexts) }

    /// The figures as one JSON object.
    public var json: JSONValue {
        let indices = DriftSignal.allCases.compactMap { signal in
            largestIndices[signal].map { (key: signal.rawValue, value: JSONValue.rounded($0, 3)) }
        }
        return .object([
            ("name", .string("drift")), ("seed", .integer(Int(clamping: seed))),
            ("steady_texts", .integer(steadyTexts)), ("false_alarms", .integer(falseAlarms)),
            ("largest_stability_index", .object(indices)),
            ("estimated_accuracy", estimatedAccuracy.map { .rounded($0, 4) } ?? .null),
            (
                "shifts",
                .array(
                    shifts.map { shift in
                        .object([
                            ("label", .string(shift.label)),
                            ("texts_until_alarm", shift.textsUntilAlarm.map { .integer($0) } ?? .null),
                            ("signals", .array(shift.signals.map { .string($0.rawValue) })),
                        ])
                    })
            ),
        ])
    }

    /// The figures of some runs as a section of the page that `make benchmark-learning` writes.
    ///
    /// - Parameter name: of the rows.
    public static func section(_ runs: [DriftFigures], name: String) -> String {
        let lines = runs.flatMap { run in
            run.shifts.map { shift in
                let cells = [
                    "\(run.seed)", shift.label, shift.textsUntilAlarm.map { Figure.grouped($0) } ?? "no alarm",
                    shift.signals.map { "`\($0.rawValue)`" }.joined(separator: ", "),
                ]
                return "| \(cells.joined(separator: " | ")) |"
            }
        }
        let quiet = runs.map { run in
            let indices = DriftSignal.allCases.compactMap { signal in
                run.largestIndices[signal].map { "`\(signal.rawValue)` \(Figure.decimal($0, 3))" }
            }
            return "| \(run.seed) | \(Figure.grouped(run.steadyTexts)) | \(run.falseAlarms) | "
                + "\(indices.joined(separator: ", ")) |"
        }
        return """
            ## Drift: `\(name)`

            \(Figure.grouped(DriftMonitor.centreTexts + DriftMonitor.profileTexts)) shuffled texts are the reference. \
            Goals: no alarm on 20,000 further texts, and a shift to the texts
            of one label is detected within 500.

            | seed | texts without a shift | false alarms | largest stability index per signal |
            |--:|--:|--:|---|
            \(quiet.joined(separator: "\n"))

            | seed | shift to | texts until the alarm | signals |
            |--:|---|--:|---|
            \(lines.joined(separator: "\n"))

            """
    }
}
