import FoundationEssentials

/// A day or a point in time as people, databases and labelling tools write it: ISO 8601.
///
/// Between day and time there is a T or a blank. Seconds, their fraction and the zone may be absent: a time without a
/// zone is UTC, and so is a day, which stands for its beginning.
public struct TimeText: Sendable, Equatable {
    /// Since 1970, whole.
    private let seconds: Int64
    /// What is to be added.
    private let nanoseconds: Int64

    /// Nil where the text is no such time, or no day of the calendar.
    public init?(_ text: String) {
        // Extended syntax: white space in the pattern means nothing.
        let pattern =
            #/
            (\d{4})-(\d\d?)-(\d\d?)
            (?: [T\x20] (\d\d?):(\d\d?) (?: :(\d\d?) (?: [.,](\d{1,9}))? )?
                (?: [Zz] | (?: UTC | GMT )? (?: ([+-])(\d\d?) (?: :? (\d\d))? )? ) )?
            /#
        guard let match = text.wholeMatch(of: pattern.asciiOnlyDigits()) else { return nil }
        func number(_ part: Substring?) -> Int64 { part.flatMap { Int64($0) } ?? 0 }
        let (year, month, day) = (number(match.1), number(match.2), number(match.3))
        guard year > 0, (1...12).contains(month), (1...Self.days(year, month)).contains(day) else { return nil }
        let (hour, minute, second) = (number(match.4), number(match.5), number(match.6))
        let fraction = number(match.7.map { ($0 + "00000000").prefix(9) })
        // The end of a day may be 24:00, and a minute may have a leap second.
        let isEndOfDay = hour == 24 && (minute, second, fraction) == (0, 0, 0)
        guard hour < 24 || isEndOfDay, minute < 60, second <= 60 else { return nil }
        let (zoneHours, zoneMinutes) = (number(match.9), number(match.10))
        guard zoneHours < 24, zoneMinutes < 60 else { return nil }
        let zone = (zoneHours * 60 + zoneMinutes) * (match.8 == "-" ? -1 : 1)
        let days = Self.daysSince1970(year, month, day)
        (seconds, nanoseconds) = (days * 86_400 + hour * 3600 + (minute - zone) * 60 + second, fraction)
    }

    /// Since 1970, cut to whole milliseconds.
    public var milliseconds: Int64 { seconds * 1000 + nanoseconds / 1_000_000 }

    /// The point in time.
    public var date: Date { Date(timeIntervalSince1970: Double(seconds) + Double(nanoseconds) / 1e9) }

    /// How many days a month has.
    private static func days(_ year: Int64, _ month: Int64) -> Int64 {
        let next = month == 12 ? (year + 1, 1) : (year, month + 1)
        return daysSince1970(next.0, next.1, 1) - daysSince1970(year, month, 1)
    }

    /// In the Gregorian calendar, with years that start on 1 March.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}
