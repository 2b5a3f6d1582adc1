import Testing

@Suite(.scratch) struct HelpTests {
    static let commands: [[String]] = [
        ["run"], ["reload"], ["status"], ["top"], ["tap"], ["init"], ["check"], ["schema"], ["migrate"], ["test"],
        ["tokenize"], ["train"], ["evaluate"], ["compare"],
        ["classify"],
        ["retrain"], ["replay"], ["label"], ["relabel"],
        ["adapters"], ["adapters", "list"], ["adapters", "show"], ["adapters", "import"], ["adapters", "export"],
        ["adapters", "promote"], ["adapters", "rollback"], ["adapters", "diff"], ["adapters", "prune"],
        ["retrainings"], ["retrainings", "list"], ["retrainings", "show"], ["benchmark"], ["benchmark", "classify"],
        ["benchmark", "tokenize"],
        ["benchmark", "train"], ["benchmark", "delivery"], ["benchmark", "review"], ["benchmark", "queue"],
        ["benchmark", "drift"], ["benchmark", "gate"],
        ["prune"], ["forget"],
        ["annotations"], ["annotations", "queue"], ["annotations", "import"], ["annotations", "review"],
    ]

    @Test(arguments: commands) func helpShowsRealCommandLines(command: [String]) async throws {
        let help = try await Program.run(["help"] + command)
        #expect(help.status == 0)
        #expect(help.error.isEmpty)
        let examples = help.output.components(separatedBy: "EXAMPLES\n").dropFirst().joined()
        let invocations = examples.components(separatedBy: "lorikeet \(command.joined(separator: " "))").count - 1
        #expect(invocations >= 2, "\(help.output)")
        #expect(!help.output.contains("USAGE: lorikeet <subcommand>"))
    }

    @Test func theRootNamesEveryCommand() async throws {
        let help = try await Program.run(["--help"])
        #expect(help.status == 0)
        for command in Self.commands { #expect(help.output.contains("\n  \(command[0]) "), "\(command)") }
        #expect(help.output.contains("\n  demo "))
    }

    @Test func aGroupWithoutACommandShowsItsOwnHelp() async throws {
        let help = try await Program.run(["adapters"])
        #expect(help.status == 0)
        #expect(help.output.contains("lorikeet adapters <subcommand>"))
    }

    @Test func theVersionIsOneLine() async throws {
        let version = try await Program.run(["--version"])
        #expect(version.status == 0)
        #expect(version.lines.count == 1)
        #expect(version.lines.first?.split(separator: ".").count == 3)
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionsCanBeGenerated(shell: String) async throws {
        let script = try await Program.run(["--generate-completion-script", shell])
        #expect(script.status == 0)
        #expect(script.output.contains("rollback"))
    }

    @Test(arguments: [
        ["nonsense"], ["init"], ["init", "--topic", "t", "--labels", "a,b"], ["schema", "file"], ["run"], ["check"],
        ["test"], ["tokenize"], ["classify", "--base", "x"],
        ["train", "--base", "x"],
        ["retrain"], ["adapters", "promote", "task"], ["adapters", "promote", "task", "one"],
        ["run", "--unknown", "x.yaml"],
        ["run", "--log-level", "loud", "x.yaml"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--rank", "0"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--dropout", "1"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--layers", "3-x"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--targets", "query,,value"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--epochs", "1", "--steps", "5"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--clip", "-1"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--search", "1"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--search-minutes", "1"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--search", "4", "--resume"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--schedule", "stairs"],
        ["train", "--base", "b", "--train", "t", "--output", "o", "--bias", "all"],
        ["tokenize", "--base", "b", "--max-tokens", "1"], ["tokenize", "--base", "b", "--dtype", "int8"],
        ["benchmark", "tokenize", "--base", "b", "--dtype", "int8"],
        ["classify", "--base", "b", "--adapter", "a", "--dtype", "int3"],
        ["classify", "--base", "b", "--adapter", "a", "--dtype", "auto"],
        ["annotations", "review", "task", "--pipeline", "p", "--dtype", "int8"],
        ["benchmark", "classify", "--base", "b", "--tasks-per-text", "0"],
        ["benchmark", "tokenize", "--base", "b", "--limit", "0"],
        ["benchmark", "delivery", "--base", "b", "--runs", "0"],
        ["benchmark", "review", "--base", "b", "--flip", "0"],
        ["benchmark", "review", "--base", "b", "--runs", "0"],
        ["benchmark", "drift", "--base", "b", "--adapter", "a", "--runs", "0"],
        ["benchmark", "queue", "--base", "b", "--test", "t", "--strategy", "luck"],
        ["annotations", "queue", "task"], ["annotations", "queue", "task", "--pipeline", "p", "--count", "0"],
        ["annotations", "queue", "task", "--pipeline", "p", "--format", "xml"],
        ["annotations", "import", "task", "--pipeline", "p", "--input", "i"],
        ["annotations", "import", "task", "--pipeline", "p", "--input", "i", "--annotator", " "],
        ["annotations", "review"], ["annotations", "review", "--input", "i"],
        ["annotations", "review", "task", "--pipeline", "p", "--input", "i", "--base", "b"],
        ["adapters", "list", "--database", "a", "--pipeline", "b"],
        ["prune"], ["prune", "--pipeline", "p", "--keep", "3"], ["forget"], ["forget", "--key", ""],
        ["forget", "--key", "kim", "--text-file", "f"], ["forget", "--key-hex", "abc"], ["forget", "--key-hex", "zz"],
        ["status", "--url", "labels-2:9464"], ["status", "--socket", "s", "--url", "http://h:1"],
        ["top", "--interval", "0"], ["tap"], ["tap", "--pipeline", "p", "--count", "0"],
        ["tap", "--pipeline", "p", "--rate", "5000"],
    ]) func wrongUsageEndsWith64AndSaysWhat(arguments: [String]) async throws {
        let outcome = try await Program.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.error.hasPrefix("error: ") || outcome.error.contains("Usage:") || outcome.error.contains("USAGE:"))
    }
}
