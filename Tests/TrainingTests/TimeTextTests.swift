import Foundation
import Testing
import Training

@Suite struct TimeTextTests {
    private static let noon: Int64 = 1_769_860_800_000

    @Test(arguments: [
        "2026-01-31T12:00:00Z", "2026-01-31 12:00:00z", "2026-01-31T12:00", "2026-01-31 12:00:00", "2026-1-31T12:0:0Z",
        "2026-01-31T12:00:00.000+00", "2026-01-31T13:00:00+01:00", "2026-01-31T13:00:00+01", "2026-01-31T13:00:00+1",
        "2026-01-31 07:30:00,0-0430", "2026-01-31T12:00:00UTC", "2026-01-31T10:00:00GMT-02:00",
    ])
    func everyFormOfATimeIsRead(_ text: String) {
        #expect(TimeText(text)?.milliseconds == Self.noon)
        #expect(TimeText(text)?.date == Date(timeIntervalSince1970: 1_769_860_800))
    }

    @Test func aDayIsItsBeginning() {
        #expect(TimeText("2026-01-31") == TimeText("2026-01-31T00:00:00Z"))
        #expect(TimeText("2026-01-31T24:00:00Z") == TimeText("2026-02-01"))
        #expect(TimeText("1970-01-01")?.milliseconds == 0 && TimeText("1969-12-31")?.milliseconds == -86_400_000)
        #expect(TimeText("2024-02-29")?.milliseconds == 1_709_164_800_000)
        #expect(TimeText("2000-03-01")?.milliseconds == 951_868_800_000)
    }

    @Test func aFractionIsKeptToTheNanosecond() {
        let time = TimeText("2026-01-31T12:00:00.2509999Z")
        #expect(time?.milliseconds == Self.noon + 250)
        #expect(time?.date == Date(timeIntervalSince1970: 1_769_860_800.2509999))
    }

    /// Nothing is read in part: what follows a time must not be lost.
    @Test(arguments: [
        "", "yesterday", "2026-01-31x", "2026-01-31T12:00:00Z x", "2026-01-31T12:00:00.x", "2026-01-31T12",
        "2026-01-31T12:00:00 +01:00", "20260131", "26-01-31", "12026-01-31", "2026-02-30", "2025-02-29", "2026-13-01",
        "2026-00-10", "0000-01-01", "2026-01-31T24:00:01Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00.1234567890Z", "1769860800", "2026-01-31T١٢:00:00Z",
    ])
    func whatIsNoTimeIsRefused(_ text: String) { #expect(TimeText(text) == nil) }
}
