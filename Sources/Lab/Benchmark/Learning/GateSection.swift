import Reports

/// The simulated retrainings as a section of the page that `make benchmark-learning` writes.
struct GateSection {
    let rows: [GateBenchmark.Row]
    let retrainings: Int
    let seed: UInt64

    /// Markdown.
    var text: String {
        """
        ## The promotion gate

        \(retrainings) simulated retrainings per line, seed \(seed), with the default settings of `retrain.gate`.
        Champion and challenger are classifiers of known accuracy. The champion's is 85 %, and they share most of their
        errors. The frequency of a label falls with the square root of its rank. Each challenger is judged up to
        \(GateSimulation().looks) times. Each time, a fifth of the first held-out rows are added.

        "Not better" counts promoted challengers whose accuracy on \(Figure.grouped(GateSimulation.testRows)) further
        rows is not better than the champion's. "Harmful" counts those that lose more than the label floor (5 points) of
        a label's recall there.

        \(GateBenchmark.Group.allCases.map(section).joined(separator: "\n\n"))

        """
    }

    private func section(_ group: GateBenchmark.Group) -> String {
        let lines = rows.filter { $0.of.group == group }.map { row in
            let tally = row.tally
            let cells = [
                row.of.name, Figure.grouped(row.of.simulation.rows), percent(tally.promoted),
                percent(tally.promotedAtOnce), percent(tally.held), percent(tally.rejected), "\(tally.notBetter)",
                "\(tally.harmful)",
            ]
            return "| \(cells.joined(separator: " | ")) |"
        }
        return """
            ### \(group.title)

            \(group.explanation)

            | challenger | held-out rows | promoted | at the first look | held | rejected | not better | harmful |
            |---|--:|--:|--:|--:|--:|--:|--:|
            \(lines.joined(separator: "\n"))
            """
    }

    private func percent(_ part: Int) -> String { Figure.percent(Double(part) / Double(max(1, retrainings))) }
}

extension GateBenchmark.Group {
    fileprivate var title: String {
        switch self {
        case .noGain: "Nothing is better"
        case .gain: "The challenger is better"
        case .mislabelled: "A tenth of the held-out rows is mislabelled"
        case .label: "A label is forgotten, absent or spelled wrong"
        case .notWorse: "With the rule `not_worse`"
        }
    }

    fileprivate var explanation: String {
        switch self {
        case .noGain:
            "Both have the same accuracy. Goal: at most 5 % promoted. About half of the promoted ones are a little\n"
                + "better on the further rows, by chance."
        case .gain: "Promoted is right. What is held is judged again, or gives way to the next challenger."
        case .mislabelled: "The rows on which both are judged have wrong labels; the further rows do not."
        case .label:
            "The challenger is five points better over all labels, although it lost one.\n"
                + "Goal: no promotion that harms the label."
        case .notWorse: "With a margin of one point, a challenger that is a point worse may pass in at most 5 %."
        }
    }
}
