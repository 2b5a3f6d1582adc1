/// Decides when the source pauses: above the limits, or while nothing can be stored or committed. It resumes once half
/// of each limit is free.
struct FlowControl {
    /// What the source has to do now.
    enum Change: Equatable {
        case pause
        case resume
    }

    private(set) var isPaused = false

    /// - Parameters:
    ///   - load: what is in flight.
    ///   - waitingTokens: of the texts that no worker has taken yet.
    ///   - isBlocked: whether nothing can be stored or committed.
    /// - Returns: nil if the source stays as it is.
    mutating func change(
        load: (messages: Int, bytes: Int), waitingTokens: Int = 0, settings: ServingSettings, isBlocked: Bool
    ) -> Change? {
        let levels = [
            (load.messages, settings.maximumInFlight), (load.bytes, settings.maximumInFlightBytes),
            (waitingTokens, settings.maximumWaitingTokens),
        ]
        let isFull = levels.contains { $0 >= $1 }
        let isRelieved = levels.allSatisfy { $0 <= $1 / 2 }
        if !isPaused, isFull || isBlocked {
            isPaused = true
            return .pause
        }
        if isPaused, isRelieved, !isBlocked {
            isPaused = false
            return .resume
        }
        return nil
    }
}
