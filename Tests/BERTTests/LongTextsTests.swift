import BERT
import TestSupport
import Testing

struct LongTextsTests {
    @Test(arguments: [
        (LongTexts(window: 15), "window"), (LongTexts(window: 9000), "window"),
        (LongTexts(window: 64, stride: 65), "stride"), (LongTexts(window: 64, stride: 0), "stride"),
        (LongTexts(maximumWindows: 0), "maximum_windows"), (LongTexts(maximumWindows: 1025), "maximum_windows"),
    ])
    func valuesOutOfRangeAreNamed(longTexts: LongTexts, key: String) {
        #expect(longTexts.problem?.key == key)
    }

    @Test func aWindowMustFitThePositions() {
        #expect(LongTexts().problem == nil && LongTexts().problem(positions: 256) == nil)
        #expect(LongTexts().problem(positions: 64) == "is 256, but the base has only 64 positions")
        #expect(LongTexts(window: 128).stride == 96 && LongTexts().fitting(positions: 64).window == 64)
    }

    @Test func anAdapterKeepsItsWindows() throws {
        let model = try TinyModel.shared.get()
        let adapter = try model.adapter(labels: ["a", "b"])
        let longTexts = LongTexts(window: 48, stride: 40, pool: .max, maximumWindows: 7)
        let trained = try adapter.with { $0.longTexts = longTexts }
        #expect(trained.digest != adapter.digest)
        let folder = try TemporaryFolder()
        try trained.write(to: folder.path + "/adapter")
        let read = try Adapter.load(directory: folder.path + "/adapter", base: model.base)
        #expect(read.manifest.longTexts == longTexts && read.digest == trained.digest)
        #expect(try AdapterManifest(json: trained.manifest.canonicalJSON) == trained.manifest)
        #expect(throws: AdapterError.self) {
            try adapter.with { $0.longTexts = LongTexts(window: 48, stride: 49) }
        }
    }

    @Test func whoDecidesHowLongTextsAreRead() throws {
        let (windows, others) = (LongTexts(window: 32), LongTexts(window: 64))
        var manifest = try TinyModel.shared.get().adapter(labels: ["a", "b"]).manifest
        #expect(LongTextsChoice.asTrained.longTexts(for: manifest) == nil)
        #expect(LongTextsChoice.doubt(nil, of: manifest) == nil && LongTextsChoice.doubt(windows, of: manifest) != nil)
        manifest.longTexts = windows
        #expect(LongTextsChoice.asTrained.longTexts(for: manifest) == windows)
        #expect(LongTextsChoice.cut.longTexts(for: manifest) == nil)
        #expect(LongTextsChoice.windows(others).longTexts(for: manifest) == others)
        #expect(LongTextsChoice(nil) == .cut && LongTextsChoice(others) == .windows(others))
        #expect(LongTextsChoice.doubt(windows, of: manifest) == nil && LongTextsChoice.doubt(nil, of: manifest) != nil)
    }
}
