import Foundation
import Testing

@testable import lorikeet

@Suite struct PointInTimeTests {
    @Test(arguments: ["2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31 01:00:00+01:00"])
    func aDayOrATimeIsTaken(_ argument: String) {
        #expect(PointInTime(argument: argument)?.milliseconds == 1_769_817_600_000)
    }

    /// It was once the beginning of its day.
    @Test func aTimeWithoutAZoneIsUTC() {
        #expect(PointInTime(argument: "2026-01-31T12:00:00")?.milliseconds == 1_769_860_800_000)
    }

    @Test func aDurationIsThatLongAgo() throws {
        let before = Date()
        let time = try #require(PointInTime(argument: "2h"))
        #expect((before - 7200...Date() - 7200).contains(time.date))
    }

    @Test(arguments: ["yesterday", "2026-01-31 and more", "2026-02-30", "1769817600000", ""])
    func whatIsNoTimeIsRefused(_ argument: String) { #expect(PointInTime(argument: argument) == nil) }
}
