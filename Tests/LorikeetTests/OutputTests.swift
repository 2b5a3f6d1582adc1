import ArgumentParser
import Foundation
import Testing

@testable import JSON
@testable import Reports
@testable import lorikeet

@Suite struct OutputTests {
    @Test func jsonKeepsOrderAndEscapesWhatMustBe() throws {
        let value = JSONValue.object([
            ("b", .string("a\"\\\n\t\u{0}\u{2028}é😀")),
            ("a", .array([.integer(-3), .number(0.1), .float(0.1), .null, .boolean(true)])),
            ("nan", .number(.nan)),
        ])
        #expect(value.text == #"{"b":"a\"\\\n\t\u0000\u2028é😀","a":[-3,0.1,0.1,null,true],"nan":null}"#)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(value.text.utf8)) as? [String: Any])
        #expect(object["b"] as? String == "a\"\\\n\t\u{0}\u{2028}é😀")
    }

    @Test(arguments: [Float(1e-7), 1, 0.333_333_34, 3.402_823_5e38, -0.0, .leastNonzeroMagnitude])
    func floatsReadBackAsThemselves(
        value: Float
    ) throws {
        let text = JSONValue.array([.float(value)]).text
        let numbers = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [Double])
        #expect(numbers.map { Float($0) } == [value])
    }

    @Test func linesOfAPipeComeInOrderWhateverItsChunks() throws {
        let pipe = Pipe()
        let lines = (0..<5_000).map { "line \($0) é" }
        let writer = Thread {
            for chunk in stride(from: 0, to: lines.count, by: 7) {
                let text = lines[chunk..<min(chunk + 7, lines.count)].map { $0 + "\n" }.joined()
                try? pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
            }
            try? pipe.fileHandleForWriting.write(contentsOf: Data("no line end".utf8))
            try? pipe.fileHandleForWriting.close()
        }
        writer.start()
        var reader = LineReader(descriptor: pipe.fileHandleForReading.fileDescriptor, name: "a pipe")
        var read: [String] = []
        while let batch = try reader.next(atMost: 100) {
            #expect(!batch.isEmpty && batch.count <= 100)
            read += batch
        }
        #expect(read == lines + ["no line end"])
    }

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
