import ArgumentParser
import FoundationEssentials
import Pipelines
import Training

/// A day, a point in time, or how long ago.
struct PointInTime: ExpressibleByArgument {
    let date: Date

    /// Since 1970.
    var milliseconds: Int64 { Int64((date.timeIntervalSince1970 * 1000).rounded()) }

    init?(argument: String) {
        if let ago = DurationText.parse(argument) {
            date = Date(timeIntervalSinceNow: -Double(ago.components.seconds))
        } else if let time = TimeText(argument) {
            date = time.date
        } else {
            return nil
        }
    }
}
