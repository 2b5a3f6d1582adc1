import Testing

@testable import lorikeet

struct LayerSelectionTests {
    @Test func layersAreReadAsListsAndRanges() throws {
        #expect(LayerSelection(argument: "all") == .all)
        #expect(LayerSelection(argument: "3,5,4") == .some([3, 4, 5]))
        #expect(LayerSelection(argument: "0,3-5") == .some([0, 3, 4, 5]))
        for wrong in ["", "x", "-1", "5-3", "1,,2", "1-2-3", "1-", "0-99999999999"] {
            #expect(LayerSelection(argument: wrong) == nil, "\(wrong)")
        }
        #expect(try LayerSelection.some([0, 5]).layers(of: 6) == [0, 5])
        #expect(throws: (any Error).self) { try LayerSelection.some([6]).layers(of: 6) }
    }
}
