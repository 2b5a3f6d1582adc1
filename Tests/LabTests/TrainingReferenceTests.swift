import Foundation
import Testing

@testable import Lab

struct TrainingReferenceTests {
    private func reference(_ text: String) throws -> TrainingReference {
        let path = FileManager.default.temporaryDirectory.appending(path: "lorikeet-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return try TrainingReference(path: path)
    }

    @Test func theLastLineCounts() throws {
        let text = """
            loading
            {"epoch": 1, "rows": 5452, "accuracy": 0.8}
            {"epoch": 2, "rows": 5452, "accuracy": 0.96, "macro_f1": 0.93}

            """
        let reference = try reference(text)
        #expect(reference.accuracy == 0.96 && reference.name == "PEFT, trained on 5,452 rows")
    }

    @Test(arguments: [
        "", "no JSON\n", "{\"epoch\": 1}\n", "{\"rows\": 10, \"accuracy\": 1.5}\n",
        "{\"rows\": 1.5, \"accuracy\": 1}\n",
        "{\"rows\": 10, \"accuracy\": \"0.5\"}\n", "{\"rows\": 10, \"accuracy\": 0.5\n", "[1]\n",
    ]) func otherFilesAreRefused(text: String) {
        #expect(throws: LabError.self) { try reference(text) }
    }

    @Test func aFileThatIsAbsentIsAnError() {
        #expect(throws: (any Error).self) { try TrainingReference(path: "/nowhere/peft.jsonl") }
    }
}
