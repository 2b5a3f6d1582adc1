import Testing

/// Each rule finds what it is for, and nothing else.
@Suite struct RuleTests {
    private let long = String(repeating: "é ", count: 60)

    @Test func longLinesAreFoundByCharacters() {
        let tree = SourceTree([
            "Sources/A/A.swift": "\(long)\n\(long)x",
            "docs/a.md": "| \(long)x |\n\(long)xy\nhttps://\(String(repeating: "x", count: 130))",
        ])
        #expect(
            LineLengthRule.findings(in: tree).map(\.description) == [
                "Sources/A/A.swift:2: 121 columns", "docs/a.md:2: 122 columns",
            ])
    }

    @Test func longFunctionsAreFound() {
        let body = String(repeating: "    a()\n", count: 49)
        let tree = SourceTree([
            "Sources/A/A.swift": "func f() {\n\(body)}\nfunc g() {\n\(String(body.dropLast(8)))}"
        ])
        #expect(
            FunctionLengthRule.findings(in: tree).map(\.description) == ["Sources/A/A.swift:1: `f` has 51 lines"])
    }

    @Test func shortFilesOfOneUserAreFound() {
        let tree = SourceTree([
            "Sources/A/Once.swift": "struct Once {}\n",
            "Sources/A/Twice.swift": "struct Twice {}\n",
            "Sources/A/Command.swift": "struct Command: ParsableCommand {}\n",
            "Sources/A/One.swift": String(repeating: "\n", count: 40) + "let a = (Once(), Twice(), Command(), Other())",
            "Sources/A/Two.swift": String(repeating: "\n", count: 40) + "let b = Twice()",
            "Sources/B/Other.swift": "struct Other {}\n",
        ])
        #expect(SmallFileRule.findings(in: tree).map(\.path) == ["Sources/A/Once.swift"])
    }

    @Test func functionsInFilesOfOtherNamesAreFound() {
        let body = String(repeating: "    let a = 1\n", count: 15) + "    func f() {}\n}\n"
        let tree = SourceTree([
            "Sources/A/Own.swift": "struct Own {\n\(body)extension Own.Inner {\n\(body)",
            "Sources/A/Own+Part.swift": "extension Own {\n\(body)",
            "Sources/A/Run.swift": "struct RunCommand {\n\(body)private final class Other {\n\(body)",
            "Sources/A/Short.swift": "enum Helper {\n    func f() {}\n}\nstruct Values {\n    var a = 1\n}\n",
            "Sources/A/Part.swift": "extension Own {\n\(body)func free() {}\nprivate func hidden() {}\n",
            "Sources/A/Softmax.swift": "func softmax() {}\nfunc sigmoid() {}\n",
            "Sources/Kernels/Product.swift": "func gemm() {}\n",
        ])
        #expect(
            PlacementRule.findings(in: tree).map { "\($0.path):\($0.line)" } == [
                "Sources/A/Part.swift:1", "Sources/A/Part.swift:19", "Sources/A/Run.swift:19",
            ])
    }

    @Test func importsUpwardAndAsideAreFound() {
        let tree = SourceTree([
            "Package.swift": """
            let package = Package(
                name: "x", products: [.executable(name: "top", targets: ["top"])],
                targets: [
                    .systemLibrary(name: "CLibPQ"), module("Low"), module("Serving", ["Low"]), module("Retraining"),
                    .executableTarget(name: "top"),
                ])
            """,
            "Sources/Low/A.swift": "import Serving\nimport CLibPQ\nimport Glibc",
            "Sources/Serving/A.swift": "import Low\nimport Foundation",
            "Sources/Retraining/A.swift": "import Serving",
            "Sources/top/A.swift": "import Low\nimport Serving\nimport Retraining",
            "Sources/Lost/A.swift": "",
        ])
        #expect(
            ImportRule.findings(in: tree).map { "\($0.path):\($0.line)" } == [
                "Sources/Lost:1", "Sources/Low/A.swift:1", "Sources/Low/A.swift:2", "Sources/Retraining/A.swift:1",
                "Sources/Serving/A.swift:2",
            ])
    }

    @Test func typesOfOneNameAreFoundAcrossModules() {
        let tree = SourceTree([
            "Sources/A/A.swift": "struct S { enum Kind {} }\nstruct T { enum Kind {} }",
            "Sources/B/B.swift": "private struct S {}",
        ])
        #expect(TypeNameRule.findings(in: tree).map(\.path) == ["Sources/B/B.swift"])
    }

    @Test func modulesOutsideTheTableOfLayersAreFound() {
        let tree = SourceTree(["CONTRIBUTING.md": "| 1 | `A` |", "Sources/A/a.h": "", "Sources/B/b.h": ""])
        #expect(LayerTableRule.findings(in: tree).map(\.message) == ["the table of layers lacks `B`"])
    }

    @Test func deadLinksPathsAndTargetsAreFound() {
        let tree = SourceTree([
            "Makefile": "build: ## Build\nlint:\n",
            ".ci/run": "for target in lint demo; do",
            "docs/a.md":
                "[a](b/c.md#one-two) [b](b/none.md) [c](#none)\n# Top\n`make build lint FILTER=x`, `make nothing`",
            "docs/b/c.md": "## One, two\nSee `Sources/A/A.swift`, Sources/A/B.swift. `Sources/NAME`\n[up](../a.md#top)",
            "Sources/A/A.swift": "// See docs/b/c.md and docs/none.md.\nlet a = \"docs/never.md\"",
        ])
        let findings = LinkRule.findings(in: tree) + PathRule.findings(in: tree) + MakeTargetRule.findings(in: tree)
        #expect(
            findings.map(\.description) == [
                "docs/a.md:1: links to docs/b/none.md, which does not exist",
                "docs/a.md:1: links to #none, but docs/a.md has no such heading",
                "Sources/A/A.swift:1: names docs/none.md, which does not exist",
                "docs/b/c.md:2: names Sources/A/B.swift, which does not exist",
                ".ci/run:1: the Makefile has no target demo",
                "docs/a.md:3: the Makefile has no target nothing",
            ])
    }

    @Test func testsAndTypesThatAreGoneAreFound() {
        let tree = SourceTree([
            "Sources/A/A.swift": "struct DeliveryTracker {}", "Tests/ATests/ATests.swift": "func oneIsRead() {}",
            "docs/architecture.md": "`DeliveryTracker` `LiveBoard` `BERT` `Kafka`",
            "docs/a.md": "`LiveBoard`\n\n    make test FILTER='oneIsRead|twoAreRead'\n",
        ])
        #expect(
            CodeNameRule.findings(in: tree).map(\.description) == [
                "docs/a.md:3: names `twoAreRead`, which is not in the code",
                "docs/architecture.md:1: names `LiveBoard`, which is not in the code",
            ])
    }

    @Test func metricsThatAreGoneAreFound() {
        let tree = SourceTree([
            "Sources/A/A.swift": "let lag = \"lorikeet_lag\" // lorikeet_old",
            "docs/a.md": "`lorikeet_lag{topic}` and `lorikeet_old`, lorikeet.labels",
        ])
        #expect(
            MetricNameRule.findings(in: tree).map(\.description) == [
                "docs/a.md:1: names lorikeet_old, which is not in the sources"
            ])
    }

    @Test func datesThatMeasureDurationsAreFound() {
        let tree = SourceTree([
            "Sources/A/A.swift": "let a = Date()\nlet b = Date(timeIntervalSince1970: 1)\nlet c = ContinuousClock.now",
            "Sources/Threading/Clock.swift": "clock_gettime(CLOCK_REALTIME, &time)",
            "Sources/B/B.swift": "clock_gettime(CLOCK_REALTIME, &time)",
        ])
        #expect(
            ClockRule.findings(in: tree).map { "\($0.path):\($0.line)" } == [
                "Sources/A/A.swift:1", "Sources/B/B.swift:1",
            ])
    }

    @Test func eventsThatThePageLacksAreFound() {
        let tree = SourceTree([
            "Sources/LogKeys/LogKey.swift": "enum LogKey {\n    public static let task = \"task\"\n"
                + "    public static let newRows = \"new_rows\"\n}",
            "Sources/A/A.swift": #"""
            logger.notice("ready", metadata: [LogKey.task: "\(f(a, b))"])
            logger.warning("\(side) unavailable", metadata: [LogKey.newRows: "1"])
            logger.debug(isPaused ? "paused" : "resumed")
            self.logger.error("lost, and more", metadata: metadata)
            logger.log(level: level, "\(line.message)", metadata: [LogKey.task: "x"])
            func warn(event: Logger.Message) { logger.warning(event) }
            var metadata: Logger.Metadata = [LogKey.task: "x"]
            metadata[LogKey.newRows] = "1"
            logger.info("built", metadata: metadata)
            """#,
            "docs/logs.md": """
            ## Keys

            | key | what it holds |
            |---|---|
            | `task` | a |
            | `new` | b |

            ## Events

            | level | event | keys | |
            |---|---|---|---|
            | info | `ready` | `task` | another level |
            | warning | `… unavailable` | `task` | another key |
            | debug | `paused` | | |
            | error | `gone` | `task`, `none` | |
            | info | `built` | `task` | |
            """,
        ])
        #expect(
            LogEventRule.findings(in: tree).map(\.description) == [
                "Sources/A/A.swift:1: docs/logs.md lacks the event `ready` of the level notice",
                "Sources/A/A.swift:2: docs/logs.md lacks the key `new_rows` of the event ` unavailable`",
                "Sources/A/A.swift:3: docs/logs.md lacks the event `resumed` of the level debug",
                "Sources/A/A.swift:4: docs/logs.md lacks the event `lost, and more` of the level error",
                "Sources/A/A.swift:9: docs/logs.md lacks the key `new_rows` of the event `built`",
                "docs/logs.md:15: names the key `none`, which is no LogKey",
                "docs/logs.md:15: names the event `gone`, which the sources do not log",
                "docs/logs.md:1: the table of keys and LogKey differ in `new`",
                "docs/logs.md:1: the table of keys and LogKey differ in `new_rows`",
            ])
    }

    @Test func bannedWordsAreFoundInProseAcrossLines() {
        let tree = SourceTree([
            "Sources/A/A.swift":
                "/// What is under\n/// way. Thunder wayside.\nlet wanted = \"Rows to learn from\"\nTimepiece()",
            "docs/a.md": "It is wanted.",
        ])
        #expect(
            WordRule.findings(in: tree).map { "\($0.path):\($0.line)" } == [
                "Sources/A/A.swift:1", "Sources/A/A.swift:3", "Sources/A/A.swift:4", "docs/a.md:1",
            ])
    }
}

@Suite struct CommandRuleTests {
    private let commands = CommandTree(
        "lorikeet",
        [
            CommandTree("run", options: ["workers", "http"]),
            CommandTree("adapters", [CommandTree("list", options: ["json"]), CommandTree("show")]),
        ])

    @Test(arguments: [
        "lorikeet run a.yaml --workers 2 # --comment", "lorikeet adapters list | show", "lorikeet --help",
        "lorikeet run FILE… [--http HOST:PORT] [--workers=N]", "lorikeet adapters list --json | jq --raw",
        "lorikeet adapters", "lorikeet …", "lorikeet run a.yaml > out 2>&1",
    ]) func commandLinesThatParseAreAccepted(line: String) { #expect(commands.problem(with: line) == nil) }

    @Test func longLinesOfHelpAreFound() {
        let show = CommandTree("show", discussion: "Shows all.\n\nEXAMPLES\n  lorikeet show")
        let tree = CommandTree("lorikeet", discussion: "Short.", [show])
        #expect(tree.linesOfHelp(longerThan: 14) == ["`lorikeet show`:   lorikeet show"])
        #expect(tree.linesOfHelp(longerThan: 15).isEmpty)
    }

    @Test(arguments: [
        ("lorikeet walk", "`lorikeet` has no command walk"),
        ("lorikeet run --json", "`lorikeet run` has no option --json"),
        ("lorikeet adapters lists", "`lorikeet adapters` has no command lists"),
        ("lorikeet adapters list (--json | --xml)", "`lorikeet adapters list` has no option --xml"),
    ]) func commandLinesThatDoNotParseAreFound(line: String, problem: String) {
        #expect(commands.problem(with: line) == problem)
    }

    @Test func callsAreFoundBehindPromptsAndSettings() {
        #expect(CommandRule.calls(in: "$ A=b sudo /usr/bin/lorikeet run x") == ["/usr/bin/lorikeet run x"])
        #expect(CommandRule.calls(in: "cat x | lorikeet run") == ["lorikeet run"])
        #expect(CommandRule.calls(in: "then lorikeet runs").isEmpty)
    }

    @Test func optionsAreFoundInTexts() {
        #expect(
            CommandRule.optionNames(in: "use --workers N, not `--http=x`; a--b, --- and \"--9\"") == [
                "workers", "http",
            ])
    }

    @Test func examplesMessagesAndPagesAreRead() {
        let tree = SourceTree([
            "Sources/A/A.swift": #"""
            let help = """
                lorikeet run x.yaml \
                    --worker 2
                lorikeet starts
                """
            throw E("use --jsn, or `lorikeet adapters shw`")
            """#,
            "docs/a.md": "Use `--workers` or `--wrkers`.\n\n    lorikeet run --json \\\n        --http x\n",
            "Makefile": "demo:\n\t@$(PROGRAM) adapters lst\n",
        ])
        #expect(
            CommandRule(commands: commands).findings(in: tree).map { "\($0.path):\($0.line)" } == [
                "Sources/A/A.swift:3", "Sources/A/A.swift:6", "Sources/A/A.swift:2", "Sources/A/A.swift:6",
                "docs/a.md:1", "docs/a.md:3", "Makefile:2",
            ])
    }
}
