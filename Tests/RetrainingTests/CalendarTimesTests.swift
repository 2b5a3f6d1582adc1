import Foundation
import Retraining
import Testing

struct CalendarTimesTests {
    private func date(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }

    private func expectTimes(_ text: String, at now: String, latest: String, next: String) throws {
        let times = try #require(CalendarTimes(text))
        #expect(times.latest(until: try date(now)) == (try date(latest)), "\(text) at \(now)")
        #expect(times.next(after: try date(now)) == (try date(next)), "\(text) at \(now)")
    }

    @Test func everyDay() throws {
        let times = "daily at 03:00"
        try expectTimes(
            times, at: "2026-11-28T02:59:59Z", latest: "2026-11-27T03:00:00Z", next: "2026-11-28T03:00:00Z")
        try expectTimes(
            times, at: "2026-11-28T03:00:00Z", latest: "2026-11-28T03:00:00Z", next: "2026-11-29T03:00:00Z")
        try expectTimes(
            times, at: "2026-12-31T23:59:59Z", latest: "2026-12-31T03:00:00Z", next: "2027-01-01T03:00:00Z")
    }

    @Test func everyHour() throws {
        try expectTimes(
            "hourly at :15", at: "2026-11-28T00:14:59Z", latest: "2026-11-27T23:15:00Z", next: "2026-11-28T00:15:00Z")
        try expectTimes(
            "hourly at :00", at: "2026-11-28T00:00:00Z", latest: "2026-11-28T00:00:00Z", next: "2026-11-28T01:00:00Z")
    }

    /// The 28th of November 2026 is a Saturday.
    @Test func someDaysOfTheWeek() throws {
        try expectTimes(
            "monday, thursday at 18:30", at: "2026-11-28T12:00:00Z", latest: "2026-11-26T18:30:00Z",
            next: "2026-11-30T18:30:00Z")
        try expectTimes(
            "saturday at 12:00", at: "2026-11-28T12:00:00Z", latest: "2026-11-28T12:00:00Z",
            next: "2026-12-05T12:00:00Z")
        try expectTimes(
            "saturday at 12:01", at: "2026-11-28T12:00:00Z", latest: "2026-11-21T12:01:00Z",
            next: "2026-11-28T12:01:00Z")
    }

    /// Where clocks of Europe and America are set forward or back, every day has its time once.
    @Test(arguments: ["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01"])
    func daylightSavingTimeSkipsAndRepeatsNothing(_ day: String) throws {
        let times = try #require(CalendarTimes("daily at 02:30"))
        var found: Set<Date> = []
        let start = try date("\(day)T00:00:00Z").addingTimeInterval(-86400)
        for quarter in 0..<(3 * 96) { found.insert(times.next(after: start.addingTimeInterval(Double(quarter) * 900))) }
        let sorted = found.sorted()
        #expect(sorted.count == 4)
        #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $1.timeIntervalSince($0) == 86400 })
    }

    @Test func datesBefore1970() throws {
        try expectTimes(
            "thursday at 03:00", at: "1969-12-31T00:00:00Z", latest: "1969-12-25T03:00:00Z",
            next: "1970-01-01T03:00:00Z")
    }

    @Test func theTextIsReadAgain() throws {
        for text in ["hourly at :05", "daily at 23:59", "monday, sunday at 00:00", "friday at 09:07"] {
            #expect(CalendarTimes(text)?.text == text)
            #expect(try Regex(CalendarTimes.pattern).wholeMatch(in: text) != nil)
        }
        #expect(CalendarTimes("sunday,monday at 00:00")?.text == "monday, sunday at 00:00")
    }

    @Test(arguments: [
        "", "daily", "daily at", "daily at 3:00", "daily at 24:00", "daily at 03:60", "daily at 03:00:00", "at 03:00",
        "hourly at 03:15", "hourly at 15", "Daily at 03:00", "noday at 03:00", "monday, at 03:00", "03:00 daily",
        "monday thursday at 03:00", "daily at -1:00", "daily at ٠٣:٠٠",
    ])
    func anythingElseIsNone(_ text: String) { #expect(CalendarTimes(text) == nil) }
}
