/// Decides when the source pauses: above the limits, or while nothing can be stored or committed. It resumes once half
/// of each limit is free.
struct FlowControl {
    enum Change: Equatable {
        case pause
        case resume
    }

    private(set) var isPaused = false

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
