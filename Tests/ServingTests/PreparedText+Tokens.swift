@testable import Serving

extension PreparedText {
    /// A text of these windows, which all of its tasks read.
    convenience init(
        ticket: DeliveryTracker.Ticket, message: SourceMessage, tokens: [[Int32]], tasks: [TaskDefinition],
        receivedAt: Duration = .zero
    ) {
        let isLong = tokens.count > 1
        var start = 0
        let windows = tokens.map { tokens in
            defer { start += 100 }
            return Window(
                tokens: tokens, unknownTokens: 0, characters: isLong ? start..<start + 150 : nil,
                tasks: Array(tasks.indices))
        }
        self.init(
            ticket: ticket, message: message, text: nil, tasks: tasks,
            longTextTokens: Array(repeating: isLong ? tokens.joined().count : nil, count: tasks.count),
            windows: windows, receivedAt: receivedAt)
    }
}
