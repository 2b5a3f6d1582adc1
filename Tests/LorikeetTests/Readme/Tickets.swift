/// Texts of a help desk with their urgency, all different, and the same on every machine.
struct Tickets {
    struct Row: Sendable {
        let label: String
        let text: String
    }

    private let low = Self.sentences(
        ["please", "when there is time,", "small wish:", "no hurry, but", "one day,", "just an idea:"],
        ["rename", "move", "recolour", "enlarge", "translate", "hide"],
        ["the logo", "the footer", "the help page", "the menu", "the welcome mail", "the legend of the chart"])
    private let normal = Self.sentences(
        ["the report", "the export", "the calendar", "the search", "the address book", "the newsletter"],
        ["shows", "prints", "sends", "sorts by", "repeats", "stores"],
        [
            "the wrong date", "an old address", "a column twice", "the prices of last year", "the name in capitals",
            "the wrong currency",
        ])
    private let high = Self.sentences(
        ["the shop", "the mail server", "the payment page", "the database", "the telephone system", "the app"],
        ["is down", "is offline", "does not answer", "crashes at once", "is unreachable", "fails"],
        ["everywhere", "for all customers", "since this morning", "again", "and nobody can work", "in all offices"])
    /// Of a kind that the first adapter has never seen.
    private let claims = Self.sentences(
        ["Ms Adams", "Mr Brown", "Dr Clark", "Ms Davis", "Mr Evans", "Ms Foster"],
        ["claims", "awaits", "demands", "requests", "insists on", "asks for"],
        ["a refund", "the money back", "a voucher", "the deposit", "a credit note", "compensation"])

    /// To train the first adapter on.
    var training: [Row] { rows(0..<100, high: high) }
    /// To validate it on.
    var validation: [Row] { rows(100..<120, high: high) }
    /// For the daemon to label.
    var incoming: [Row] { rows(120..<128, high: high) }
    /// Rows of people who say that claims are urgent. With the README's own row, they are fewer than the 200 after
    /// which the daemon would retrain by itself.
    var corrections: [Row] { rows(128..<194, high: claims) }
    /// Claims that are in no other set.
    var newClaims: [String] { Array(claims[194...]) }

    /// Rows of each label in turn.
    private func rows(_ range: Range<Int>, high: [String]) -> [Row] {
        range.flatMap { index in
            [
                Row(label: "low", text: low[index]), Row(label: "normal", text: normal[index]),
                Row(label: "high", text: high[index]),
            ]
        }
    }

    /// Every combination of the parts, in a mixed order.
    private static func sentences(_ first: [String], _ second: [String], _ third: [String]) -> [String] {
        let all = first.flatMap { one in second.flatMap { two in third.map { "\(one) \(two) \($0)" } } }
        // A stride that has no divisor in common with the count visits each sentence once.
        return all.indices.map { all[$0 * 37 % all.count] }
    }
}
