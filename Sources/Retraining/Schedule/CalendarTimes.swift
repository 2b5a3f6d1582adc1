import FoundationEssentials

/// Times that come again every hour, day or week, in UTC: `hourly at :15`, `daily at 03:00`, or
/// `monday, thursday at 03:00`.
///
/// UTC has no daylight saving time, so no time of a day is skipped or comes twice.
public struct CalendarTimes: Sendable, Equatable {
    private enum Period: Sendable, Equatable {
        case hour
        /// Days from Monday, 0 to 6; all of them: every day.
        case days(Set<Int>)
    }

    private let period: Period
    /// Seconds after the beginning of the hour or day.
    private let offset: Int

    /// How they are written, for messages.
    public static let forms = "hourly at :15, daily at 03:00, or monday, thursday at 03:00 (UTC)"
    /// A regular expression for the forms.
    public static let pattern = "^(hourly at :[0-9]{2}|(daily|(\(days))(, *(\(days)))*) at [0-9]{2}:[0-9]{2})$"

    private static let days = names.joined(separator: "|")
    private static let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    private static let hour = 3600
    private static let day = 86400

    /// Reads one of the forms; nil if the text is none.
    public init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        guard words.count >= 3, words[words.count - 2] == "at" else { return nil }
        let parts = words[words.count - 1].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let minute = Self.number(parts[1], below: 60) else { return nil }
        let when = words.dropLast(2).joined()
        if when == "hourly" {
            guard parts[0].isEmpty else { return nil }
            (period, offset) = (.hour, minute * 60)
            return
        }
        guard let hour = Self.number(parts[0], below: 24) else { return nil }
        offset = hour * Self.hour + minute * 60
        if when == "daily" {
            period = .days(Set(0..<7))
            return
        }
        let days = when.split(separator: ",", omittingEmptySubsequences: false).map {
            Self.names.firstIndex(of: String($0))
        }
        guard !days.contains(nil) else { return nil }
        period = .days(Set(days.compactMap(\.self)))
    }

    /// Two digits.
    private static func number(_ text: String, below limit: Int) -> Int? {
        guard text.utf8.count == 2, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text).flatMap { $0 < limit ? $0 : nil }
    }

    /// How it is written in a pipeline file.
    public var text: String {
        func digits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minute = digits(offset % Self.hour / 60)
        switch period {
        case .hour: return "hourly at :\(minute)"
        case .days(let days):
            let names = days.count == 7 ? "daily" : days.sorted().map { Self.names[$0] }.joined(separator: ", ")
            return "\(names) at \(digits(offset / Self.hour)):\(minute)"
        }
    }

    // MARK: - Times

    /// The last of the times that is not after a date.
    public func latest(until date: Date) -> Date {
        let now = Int(date.timeIntervalSince1970.rounded(.down))
        switch period {
        case .hour: return Self.date(Self.floor(now - offset, Self.hour) + offset)
        case .days(let days):
            var start = Self.floor(now - offset, Self.day)
            for _ in 0..<7 where !days.contains(Self.weekday(start)) { start -= Self.day }
            return Self.date(start + offset)
        }
    }

    /// The first of the times that is after a date.
    public func next(after date: Date) -> Date {
        let latest = latest(until: date)
        switch period {
        case .hour: return latest.addingTimeInterval(Double(Self.hour))
        case .days(let days):
            var start = Int(latest.timeIntervalSince1970) - offset + Self.day
            for _ in 0..<7 where !days.contains(Self.weekday(start)) { start += Self.day }
            return Self.date(start + offset)
        }
    }

    private static func date(_ seconds: Int) -> Date { Date(timeIntervalSince1970: Double(seconds)) }

    private static func floor(_ seconds: Int, _ unit: Int) -> Int {
        let remainder = seconds % unit
        return seconds - (remainder < 0 ? remainder + unit : remainder)
    }

    /// The first of January 1970 was a Thursday.
    private static func weekday(_ start: Int) -> Int { ((start / day + 3) % 7 + 7) % 7 }
}
