import Foundation
import TestSupport
import Testing

/// The README's steps, taken from the page and run in its order.
@Suite(.scratch, .timeLimit(.minutes(5))) struct ReadmeTests {
    private static func steps() throws -> ReadmeSteps {
        ReadmeSteps(try String(contentsOf: BuiltProgram.package.appending(path: "README.md"), encoding: .utf8))
    }

    @Test func everyStepOfTheReadmeRuns() async throws {
        let steps = try Self.steps()
        for step in steps.unknown {
            Issue.record("README.md:\(step.line): nothing runs this, add it to ReadmeCommand: \(step.text)")
        }
        try await ReadmeReader.with { reader in
            for step in steps.all { try await reader.take(step.text) }
            try await reader.finish()
        }
    }

    /// A step that the README has lost would leave its test without a run.
    @Test func everyStepOfTheTestIsInTheReadme() throws {
        let texts = try Self.steps().all.map(\.text)
        let taken = Set(texts.compactMap { ReadmeCommand($0) })
        #expect(taken == Set(ReadmeCommand.allCases))
        #expect(Set(ReadmeCommand.elsewhere.keys).subtracting(texts).isEmpty)
    }

    @Test func aNewStepIsNamedWithItsLine() {
        let page = """
            Two commands; `lorikeet train` and `--name` are only mentioned.

                # tickets.yaml
                name: tickets   # kept as it is

                tasks: {}

            <!-- -->

                lorikeet train --base b \\
                    --output o     # as the README has it
                lorikeet trainer
                make demo          # elsewhere

            Then `make lint`, and `SELECT 1`:

                INSERT INTO lorikeet.annotations (task)
                VALUES ('a # b');
                SELECT 2;

                { "body": "a record" }
            """
        let steps = ReadmeSteps(page)
        #expect(
            steps.all.map(\.text) == [
                "# tickets.yaml\nname: tickets   # kept as it is\n\ntasks: {}",
                "lorikeet train --base b \\\n    --output o", "lorikeet trainer", "make demo", "make lint", "SELECT 1",
                "INSERT INTO lorikeet.annotations (task)\nVALUES ('a # b');", "SELECT 2;", "{ \"body\": \"a record\" }",
            ])
        #expect(
            steps.unknown.map { "\($0.line): \($0.text)" } == [
                "12: lorikeet trainer", "15: make lint", "15: SELECT 1", "19: SELECT 2;",
                "21: { \"body\": \"a record\" }",
            ])
    }
}
