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
    ///   - isBlocked: whether nothing can be stored or committed.
    /// - Returns: nil if the source stays as it is.
    mutating func change(
        load: (messages: Int, bytes: Int), settings: ServingSettings, isBlocked: Bool
    ) -> Change? {
        let isFull = load.messages >= settings.maximumInFlight || load.bytes >= settings.maximumInFlightBytes
        let isRelieved =
            load.messages <= settings.maximumInFlight / 2 && load.bytes <= settings.maximumInFlightBytes / 2
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
