import Testing

@testable import Operations

@Suite struct RetrainingPaceTests {
    @Test func everythingIsDueAtFirstAndThenRarely() {
        var pace = RetrainingPace<String>()
        let journals = pace.journalsDue(among: ["a", "b"], now: .zero)
        #expect(journals == ["a", "b"])
        pace.readJournals(of: journals, now: .zero)
        #expect(pace.journalsDue(among: ["a", "b", "c"], now: .seconds(59)) == ["c"])
        pace.journalChanged(of: "b")
        #expect(pace.journalsDue(among: ["a", "b"], now: .seconds(59)) == ["b"])
        #expect(pace.journalsDue(among: ["a"], now: .seconds(60)) == ["a"])
    }

    @Test func rowsAreCountedByLabelWhereTheirNumberChanged() {
        var pace = RetrainingPace<String>()
        let first = ["a": 1, "b": 2]
        let due = pace.censusesDue(first, now: .zero)
        #expect(due.sorted() == ["a", "b"])
        pace.counted(due, first, now: .zero)
        #expect(pace.censusesDue(first, now: .seconds(600)).isEmpty)
        #expect(pace.censusesDue(["a": 2, "b": 2], now: .seconds(59)).isEmpty)
        #expect(pace.censusesDue(["a": 2, "b": 2], now: .seconds(60)) == ["a"])
        pace.forgetCensuses()
        #expect(pace.censusesDue(first, now: .seconds(60)).sorted() == ["a", "b"])
    }
}
