import Foundation
import TestSupport
import Testing

@testable import Training

@Suite struct AnnotationFileTests {
    private func read(
        _ name: String, _ text: String, format: AnnotationFile.Format = .auto,
        _ change: (inout RowOptions) -> Void = { _ in }
    ) throws -> AnnotationFile {
        let folder = try TemporaryFolder()
        var options = RowOptions()
        change(&options)
        return try AnnotationFile(path: folder.write(name, text), format: format, options: options)
    }

    @Test func linesHaveLabelAnnotatorTimeAndRecord() throws {
        let file = try read(
            "a.jsonl",
            """
            {"text":"chess","label":"games","annotator":"kim","created_at":"2026-01-31T12:00:00Z","topic":"t",\
            "partition":1,"offset":17}
            {"text":"a shell","label":null,"topic":"t","partition":1,"offset":18}

            {"text":"a mail server","label":" mail "}
            """)
        #expect(file.annotations.map(\.text) == ["chess", "a mail server"])
        #expect(file.annotations.map(\.labels) == [["games"], ["mail"]])
        #expect(file.annotations[0].annotator == "kim")
        #expect(file.annotations[0].time == Date(timeIntervalSince1970: 1_769_860_800))
        #expect(file.annotations[0].record == FileAnnotation.Record(topic: "t", partition: 1, offset: 17))
        #expect(file.annotations[1].record == nil && file.annotations[1].time == nil)
        #expect(file.annotations.map(\.line) == [1, 4])
        #expect(file.unanswered == 1)
    }

    @Test func labelStudiosTasksHaveAnAnswerPerAnnotation() throws {
        let file = try read(
            "export.json",
            """
            [{"id":1,"data":{"text":"chess","topic":"t","partition":0,"offset":5},"annotations":[
              {"completed_by":{"id":3,"email":"kim@example.org"},"was_cancelled":false,
               "created_at":"2026-01-31T12:00:00.250000Z","updated_at":"2026-01-31T12:00:01.500000Z",
               "result":[{"from_name":"label","to_name":"text","type":"choices","value":{"choices":["games"]}}]},
              {"completed_by":4,"was_cancelled":true,"result":[]},
              {"completed_by":5,"created_at":"2026-02-01T00:00:00Z",
               "result":[{"from_name":"label","to_name":"text","type":"choices","value":{"choices":["devel"]}}]}],
              "predictions":[{"result":[{"from_name":"label","type":"choices","value":{"choices":["admin"]}}]}]},
             {"id":2,"data":{"text":"skipped"},"annotations":[{"completed_by":4,"was_cancelled":true,"result":[]}]},
             {"id":3,"data":{"text":"never seen"},"predictions":[]}]
            """)
        #expect(file.annotations.map(\.labels) == [["games"], ["devel"]])
        #expect(file.annotations.map(\.annotator) == ["kim@example.org", nil])
        #expect(file.annotations[0].time == Date(timeIntervalSince1970: 1_769_860_801.5))
        #expect(file.annotations.allSatisfy { $0.record?.offset == 5 })
        #expect(file.unanswered == 2)
    }

    @Test func labelStudiosFlatExportsAreRead() throws {
        let flat = try read(
            "min.json",
            """
            [{"text":"chess","topic":"t","partition":0,"offset":5,"id":1,"label":"games","annotator":1,
              "annotation_id":9,"created_at":"2026-01-31T12:00:00.000001Z","updated_at":"2026-01-31T12:00:00Z"}]
            """)
        #expect(flat.annotations.map(\.labels) == [["games"]])
        #expect(flat.annotations[0].annotator == nil, "a number says nothing outside of its tool")
        let table = try read(
            "export.csv",
            #"""
            annotation_id,annotator,created_at,id,label,lead_time,offset,partition,text,topic,updated_at
            9,1,2026-01-31T12:00:00Z,1,games,3.5,5,0,"chess, and ""go""",t,2026-01-31T12:00:00Z
            10,1,2026-01-31T12:00:00Z,2,"{""choices"":[""games"",""devel""]}",3.5,6,0,a,t,2026-01-31T12:00:00Z
            """#
        ) { $0.isMultiLabel = true }
        #expect(table.annotations.map(\.text) == ["chess, and \"go\"", "a"])
        #expect(table.annotations.map(\.labels) == [["games"], ["games", "devel"]])
        #expect(table.annotations[0].record == FileAnnotation.Record(topic: "t", partition: 0, offset: 5))
    }

    @Test func doccanosExamplesAreAnsweredOnceTheyHaveALabel() throws {
        let file = try read(
            "all.jsonl",
            """
            {"id":1,"text":"chess","label":["games"],"topic":"t","partition":0,"offset":5,"Comments":[]}
            {"id":2,"text":"nobody looked","label":[],"Comments":[]}
            {"id":3,"text":"old","label":["devel"],"meta":{"topic":"t","partition":"0","offset":"6"}}
            """, format: .doccano)
        #expect(file.annotations.map(\.labels) == [["games"], ["devel"]])
        #expect(file.annotations.map(\.record?.offset) == [5, 6])
        #expect(file.unanswered == 1)
    }

    @Test func theEmptySetIsAnAnswer() throws {
        let file = try read("a.jsonl", "{\"text\":\"x\",\"labels\":[]}\n{\"text\":\"y\",\"labels\":null}\n") {
            $0.isMultiLabel = true
        }
        #expect(file.annotations.map(\.labels) == [[]])
        #expect(file.unanswered == 1)
    }

    @Test(arguments: [
        ("a.jsonl", "{\"text\":\"x\",\"label\":\"a\"}\nnonsense\n", 2),
        ("a.jsonl", "{\"label\":\"a\"}\n", 1),
        ("a.jsonl", "{\"text\":\"x\",\"label\":[\"a\",\"b\"]}\n", 1),
        ("a.jsonl", "{\"text\":\" \",\"label\":\"a\"}\n", 1),
        ("a.jsonl", "[1]", 1),
        ("a.csv", "label,text\na,b,c\n", 2),
        ("a.csv", "label,text\na,\"b\n", 2),
        ("a.jsonl", "{\"text\":\"x\",\"label\":[[0,3,\"person\"]]}\n", 1),
    ]) func aRowThatCannotBeReadIsNamed(name: String, text: String, line: Int) throws {
        let error = #expect(throws: DatasetError.self) { try read(name, text) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("\(name):\(line): "), "\(error.map { "\($0)" } ?? "")")
        #expect(!"\(error.map { "\($0)" } ?? "")".contains("nonsense"))
        let skipped = try read(name, text) { $0.skipsBadRows = true }
        #expect(skipped.badRows.count == 1)
    }

    @Test(arguments: [("a.json", "[{\"text\":\"x\",\"label\":\"a\"},"), ("a.csv", "a,b\nc,d\n"), ("a.csv", "1;2\n")])
    func aFileWithoutFormIsRefusedEvenIfBadRowsAreSkipped(name: String, text: String) {
        #expect(throws: DatasetError.self) { try read(name, text) { $0.skipsBadRows = true } }
    }

    @Test func emptyFilesHaveNoAnswers() throws {
        for name in ["a.json", "a.jsonl", "a.csv"] {
            #expect(try read(name, "").annotations.isEmpty)
        }
    }

    /// Python's `isoformat` writes no zone; what cannot be read is left out.
    @Test func timesHaveAFractionABlankOrNoZone() throws {
        let file = try read(
            "a.csv",
            """
            text,label,created_at
            a,x, 2026-01-31 12:00:00.5Z
            b,x,2026-01-31T13:00:00+01:00
            c,x,2026-01-31T12:00:00
            d,x,yesterday
            """)
        let noon = Date(timeIntervalSince1970: 1_769_860_800)
        #expect(file.annotations.map(\.time) == [noon + 0.5, noon, noon, nil])
    }
}
