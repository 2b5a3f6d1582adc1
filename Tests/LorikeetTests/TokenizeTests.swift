import Foundation
import Testing

@Suite(.scratch) struct TokenizeTests {
    @Test func aLineGivesIdsAndTokens() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let outcome = try await Program.run(["tokenize", "--base", base], input: Data("The FILM was ☃\n\n".utf8))
        #expect(outcome.status == 0)
        #expect(outcome.error.isEmpty)
        #expect(
            outcome.lines == [
                #"{"ids":[2,102,100,103,1,3],"tokens":["[CLS]","the","film","was","[UNK]","[SEP]"]}"#,
                #"{"ids":[2,3],"tokens":["[CLS]","[SEP]"]}"#,
            ])
    }

    @Test func theLastLineNeedsNoLineEndAndACarriageReturnIsNoText() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let outcome = try await Program.run(
            ["tokenize", "--base", base, "--input", "-"], input: Data("good\r\nbad".utf8))
        #expect(outcome.objects.map { $0?["ids"] as? [Int] } == [[2, 90, 3], [2, 94, 3]])
    }

    @Test func filesOfEveryFormGiveTheSame() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let files = [
            try scratch.write("texts.txt", "good day\nbad food\n"),
            try scratch.write("texts.tsv", "plus\tgood day\nminus\tbad food\n"),
            try scratch.write("texts.jsonl", "{\"text\":\"good day\",\"label\":\"plus\"}\n{\"text\":\"bad food\"}\n"),
        ]
        for file in files {
            let outcome = try await Program.run(["tokenize", "--base", base, "--input", file])
            #expect(
                outcome.objects.map { $0?["ids"] as? [Int] } == [[2, 90, 98, 3], [2, 94, 99, 3]],
                "\(file): \(outcome.error)")
        }
    }

    @Test func longTextsAreTruncated() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let outcome = try await Program.run(
            ["tokenize", "--base", base, "--max-tokens", "3"], input: Data("a good day\n".utf8))
        #expect(outcome.objects.map { $0?["ids"] as? [Int] } == [[2, 5, 3]])
    }

    @Test func aMissingBaseIsNamed() async throws {
        let outcome = try await Program.run(["tokenize", "--base", "/nowhere/base"], input: Data("x\n".utf8))
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("/nowhere/base"))
        #expect(outcome.error.split(separator: "\n").count == 1)
    }

    @Test func aLineThatIsNotUTF8IsNamedAndWhatCameBeforeIsKept() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let outcome = try await Program.run(
            ["tokenize", "--base", base], input: Data("good\n".utf8) + Data([0xff, 0xfe, 0x0a]))
        #expect(outcome.status == 1)
        #expect(outcome.error.contains("standard input:2: not UTF-8"))
    }

    @Test func aClosedPipeEndsTheCommandQuietly() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let process = try Program.make(["tokenize", "--base", base])
        try scratch.write("many.txt", String(repeating: "a good day\n", count: 20_000))
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: scratch.path("many.txt")))
        process.standardError = try scratch.newFile("stderr")
        let pipe = Program.pipe()
        process.standardOutput = pipe
        try pipe.fileHandleForReading.close()
        #expect(try await Program.start(process).status == -SIGPIPE)
        #expect(try scratch.text("stderr").isEmpty)
    }

    @Test func aLineOfStandardInputIsAnsweredBeforeTheNextOneComes() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let process = try Program.make(["tokenize", "--base", base])
        let (input, output) = (Program.pipe(), Program.pipe())
        process.standardInput = input
        process.standardOutput = output
        var answers = Program.pieces(of: output).makeAsyncIterator()
        let running = try Program.start(process)
        for word in ["good", "bad"] {
            try input.fileHandleForWriting.write(contentsOf: Data("\(word)\n".utf8))
            #expect(await answers.next()?.contains("\"\(word)\"") == true)
        }
        try input.fileHandleForWriting.close()
        #expect(await running.status == 0)
    }

    @Test func theBenchmarkCountsWholeRoundsOfAllTexts() async throws {
        let scratch = try Scratch()
        let base = try TinyBase.write(to: scratch)
        let texts = try scratch.write("texts.tsv", "plus\tgood day\nminus\tbad food\nplus\tgood\n")
        let outcome = try await Program.run(["benchmark", "tokenize", "--base", base, "--input", texts, "--limit", "2"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let figures = try #require(outcome.objects.last ?? nil)
        let rounds = try #require(figures["rounds"] as? Int)
        #expect(rounds >= 1)
        #expect(figures["name"] as? String == "tokenize")
        #expect(figures["documents"] as? Int == 2 * rounds)
        #expect(figures["tokens"] as? Int == 8 * rounds)
        #expect((figures["seconds"] as? Double ?? 0) >= 0.5)
        for rate in ["documents_per_second", "tokens_per_second"] { #expect((figures[rate] as? Double ?? 0) > 0) }
    }
}
