import Testing

@testable import Lab

@Suite struct MeasurementsTests {
    @Test func theMedianOfAnEvenCountIsTheMeanOfTheMiddleTwo() {
        #expect(Measurements([4, 1, 3]).median == 3)
        #expect(Measurements([4, 1, 3, 2]).median == 2.5)
        #expect(Measurements([]).median == 0)
    }

    @Test func theTrendComparesTheFirstWithTheLastThird() {
        let trend = Measurements([1, 2, 3, 50, 60, 70, 7, 8, 9]).trend
        #expect(trend.first == 2 && trend.last == 8)
        #expect(Measurements([5]).trend == (5, 5))
    }

    @Test func theSpreadShowsMedianLowestAndHighest() {
        #expect(Measurements([1.25, 1, 2]).spread(2) == "1.25 (1.00–2.00)")
    }
}
