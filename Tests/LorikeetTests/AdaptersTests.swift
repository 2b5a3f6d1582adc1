import AdapterRegistry
import BERT
import Foundation
import PostgresClient
import Serving
import TestSupport
import Testing

/// The registry's commands against a real PostgreSQL.
@Suite(.scratch) struct AdaptersTests {
    /// Two different adapters in folders, over a base beside them.
    private static func material() throws -> (scratch: Scratch, base: String) {
        let scratch = try Scratch()
        let folder = try TinyBase.write(to: scratch)
        let base = try BERTBase(directory: folder)
        for (name, seed) in [("first", UInt64(1)), ("second", 2)] {
            let adapter = try TestModels.adapter(over: base, labels: ["minus", "plus"], task: "mood", seed: seed)
            let rows = TrainingRowsFile.content(
                TrainingRowSet(hashes: [seed << 32, 9 << 32]), weights: adapter.weights)
            try adapter.write(to: scratch.path(name), with: name == "first" ? [TrainingRowsFile.name: rows] : [:])
        }
        return (scratch, folder)
    }

    private static func states(_ environment: [String: String]) async throws -> [String] {
        let list = try await Program.run(["adapters", "list", "mood", "--json"], environment: environment)
        #expect(list.status == 0, "\(list.error)")
        return list.objects.map { $0?["state"] as? String ?? "" }
    }

    @Test func versionsAreImportedPromotedRolledBackAndExported() async throws {
        let (scratch, base) = try Self.material()
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            func adapters(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws
                -> Program.Outcome
            {
                let outcome = try await Program.run(["adapters"] + arguments, environment: environment)
                #expect(outcome.status == 0, "\(outcome.error)", sourceLocation: sourceLocation)
                return outcome
            }
            let migration = try await Program.run(["migrate", "--json"], environment: environment)
            #expect(migration.status == 0, "\(migration.error)")
            #expect(migration.objects.first??["before"] as? Int == 0)

            let empty = try await adapters(["list"])
            #expect(empty.output.isEmpty)
            let rows = try scratch.write("test.tsv", TinyBase.tsv(TinyBase.rows(8)))
            let first = try await adapters(
                ["import", "mood", scratch.path("first"), "--base", base, "--promote", "--evaluate", rows, "--json"])
            #expect(first.objects.first??["state"] as? String == "live")
            #expect(
                (first.objects.first??["metrics"] as? [String: Double])?.keys.sorted() == [
                    "accuracy", "loss", "macro_f1",
                ])
            let second = try await adapters(["import", "mood", scratch.path("second"), "--base", base])
            #expect(second.output.hasPrefix("mood version 2 ("))
            #expect(second.error.contains("does not say which rows it was trained on"))
            #expect(try await Self.states(environment) == ["live", "candidate"])

            #expect(try await adapters(["promote", "mood", "2"]).output.hasSuffix("is live\n"))
            #expect(try await Self.states(environment) == ["retired", "live"])
            _ = try await adapters(["rollback", "mood"])
            #expect(try await Self.states(environment) == ["live", "rejected"])

            let shown = try await adapters(["show", "mood", "--json"]).objects.first ?? nil
            #expect(shown?["version"] as? Int == 1)
            #expect(shown?["labels"] as? [String] == ["minus", "plus"])
            #expect(try await adapters(["show", "mood", "2"]).output.contains("2 (rejected)"))
            _ = try await adapters(["export", "mood", "--base", base, "--output", scratch.path("exported")])
            let weights = "adapter_model.safetensors"
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: scratch.path("exported/" + weights)))
                    == Data(contentsOf: URL(fileURLWithPath: scratch.path("first/" + weights))))
            #expect(try await adapters(["list"]).lines.count == 3)
            #expect(
                try scratch.text("exported/training_rows.json") == scratch.text("first/training_rows.json"))
        }
    }

    @Test func theTypeOfTheTrainingAndThatOfTheEvaluationAreTwoThings() async throws {
        let (scratch, base) = try Self.material()
        let int8 = try BERTBase(directory: base, precision: BasePrecision(.int8))
        try TrainableAdapter(base: int8, configuration: LoRAConfiguration(rank: 2), labels: ["minus", "plus"], seed: 3)
            .frozen(task: "mood").write(to: scratch.path("third"))
        let rows = try scratch.write("test.tsv", TinyBase.tsv(TinyBase.rows(64)))
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            #expect(try await Program.run(["migrate"], environment: environment).status == 0)
            var losses: [Double] = []
            for (folder, dtype) in [("first", "float32"), ("third", "int8")] {
                let imported = try await Program.run(
                    ["adapters", "import", "mood", scratch.path(folder), "--base", base, "--json"],
                    environment: environment)
                #expect(imported.status == 0, "\(imported.error)")
                #expect(imported.objects.first??["dtype"] as? String == dtype)
            }
            // The same adapter is evaluated anew where it is a new version: of another task.
            for (task, dtype) in [("one", "float32"), ("two", "int8")] {
                let imported = try await Program.run(
                    ["adapters", "import", task, scratch.path("first"), "--base", base, "--dtype", dtype]
                        + ["--evaluate", rows, "--json"], environment: environment)
                let metrics = imported.objects.first??["metrics"] as? [String: Double]
                losses.append(try #require(metrics?["loss"], "\(imported.error)"))
                #expect(imported.objects.first??["dtype"] as? String == "float32")
            }
            #expect(losses[0] != losses[1] && abs(losses[0] - losses[1]) < 0.2, "\(losses)")
            let difference = try await Program.run(
                ["adapters", "diff", "mood", "1", "2", "--json"], environment: environment)
            #expect(difference.status == 0 && difference.output.contains("dtype"), "\(difference.output)")
        }
    }

    @Test func theRegistryKnowsWhoPromotedWhatAndWhichRowsItSaw() async throws {
        let (scratch, base) = try Self.material()
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            func adapters(_ arguments: String...) async throws -> Program.Outcome {
                let outcome = try await Program.run(["adapters"] + arguments, environment: environment)
                #expect(outcome.status == 0, "\(outcome.error)")
                return outcome
            }
            #expect(try await Program.run(["migrate"], environment: environment).status == 0)
            _ = try await adapters("import", "mood", scratch.path("first"), "--base", base, "--promote")
            _ = try await adapters("import", "mood", scratch.path("second"), "--base", base)
            _ = try await adapters("promote", "mood", "2", "--reason", "looks better")

            let first = try await adapters("show", "mood", "1", "--json").objects.first ?? nil
            #expect((first?["training_rows"] as? [String: Any])?["rows"] as? Int == 2)
            #expect((first?["promoted_by"] as? String)?.contains("@") == true)
            let second = try await adapters("show", "mood", "--json").objects.first ?? nil
            #expect(second?["training_rows"] is NSNull && second?["promotion_reason"] as? String == "looks better")
            #expect(try await adapters("show", "mood").output.contains("looks better"))

            let difference = try await adapters("diff", "mood", "1")
            #expect(difference.output.contains("training rows") && difference.output.contains("retired"))
            let object = try await adapters("diff", "mood", "1", "2", "--json").objects.first ?? nil
            #expect((object?["labels_added"] as? [String]) == [] && object?["differences"] is [Any])
            #expect(try await adapters("diff", "mood", "2", "2").output.isEmpty)

            // A rollback would return to version 1.
            #expect(try await adapters("prune", "--keep", "0").error.contains("nothing to prune"))
            _ = try await adapters("rollback", "mood", "--reason", "worse on Mondays")
            #expect(try await adapters("prune", "mood", "--keep", "0", "--dry-run").lines.count == 2)
            let pruned = try await adapters("prune", "mood", "--keep", "0", "--json").objects
            #expect(pruned.map { $0?["version"] as? Int } == [2] && pruned.first??["pruned"] as? Bool == true)
            let gone = try await Program.run(["adapters", "promote", "mood", "2"], environment: environment)
            #expect(gone.status == 1 && gone.error.contains("were removed by `lorikeet adapters prune`"))
            #expect(try await adapters("diff", "mood", "2", "1").output.contains("rejected"))
            let old = try await adapters("show", "mood", "2", "--json").objects.first ?? nil
            #expect(old?["labels"] is [Any] && old?["bytes"] is NSNull && (old?["promotions"] as? [Any])?.count == 1)
            #expect(try await adapters("show", "mood", "2").output.contains("the weights were removed"))
            // Why the version won at first is still known.
            let back = try await adapters("show", "mood", "--json").objects.first ?? nil
            let reasons = (back?["promotions"] as? [[String: Any]])?.map { $0["reason"] as? String }
            #expect(reasons?.count == 2 && reasons?.last == "worse on Mondays")
            let lines = try await adapters("show", "mood").lines.filter { $0.hasPrefix("earlier ") }
            #expect(lines.count == 1 && lines.first?.contains("worse on Mondays") == false)
        }
    }

    @Test func nearMissesAreSuggestedByNameAndCounted() async throws {
        let (scratch, base) = try Self.material()
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            #expect(try await Program.run(["migrate"], environment: environment).status == 0)
            let imported = try await Program.run(
                ["adapters", "import", "mood", scratch.path("first"), "--base", base, "--promote"],
                environment: environment)
            #expect(imported.status == 0, "\(imported.error)")
            let connection = try PostgresConnection(dsn: database.dsn(), applicationName: "test")
            defer { connection.close() }
            try connection.execute(
                """
                INSERT INTO lorikeet.annotations (task, text, label)
                VALUES ('mood', 'a', 'Minus'), ('mood', 'b', 'plos'), ('mood', 'c', 'zed'), ('mood', 'd', 'plus')
                """)
            let shown = try await Program.run(["adapters", "show", "mood"], environment: environment)
            #expect(shown.output.contains("\"Minus\": 1, the task has \"minus\""), "\(shown.output)")
            #expect(shown.output.contains("\"plos\": 1, the task has \"plus\""), "\(shown.output)")
            let object = try await Program.run(["adapters", "show", "mood", "--json"], environment: environment)
            let kinds = object.objects.first??["unusable_rows"] as? [String: Int]
            #expect(kinds?["case"] == 1 && kinds?["letter"] == 1 && kinds?["unknown"] == 1, "\(object.output)")
        }
    }

    @Test func retrainingsAreListedAndShown() async throws {
        let scratch = try Scratch()
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            func retrainings(_ arguments: String...) async throws -> Program.Outcome {
                let outcome = try await Program.run(["retrainings"] + arguments, environment: environment)
                #expect(outcome.status == 0, "\(outcome.error)")
                return outcome
            }
            #expect(try await Program.run(["migrate"], environment: environment).status == 0)
            #expect(try await retrainings("list").error.contains("there were no retrainings"))
            let connection = try PostgresConnection(dsn: database.dsn(), applicationName: "test")
            defer { connection.close() }
            let report = """
                {"rows":{"read":9,"training":5,"held_out":4,"newest":1,"seen":2,"unusable":3,"duplicates":0,\
                "contradictory":0},"labels":["a","b"]}
                """
            try connection.execute(
                """
                INSERT INTO lorikeet.retrainings (task, trigger, finished_at, verdict, reason, rows_used, looks, report)
                VALUES ('mood', 'rows', now(), 'skipped', 'too few', 0, 0, NULL),
                    ('mood', 'drift', now(), 'held', 'within chance', 9, 1, $1::jsonb)
                """, [.json(report)])
            let list = try await retrainings("list", "mood", "--json").objects
            #expect(list.map { $0?["verdict"] as? String } == ["held", "skipped"])
            #expect(try await retrainings("list").output.contains("within chance"))
            #expect(try await retrainings("list", "--count", "1").lines.count == 2)
            let shown = try await retrainings("show", "2", "--report", scratch.path("verdict.html"))
            #expect(
                shown.output.contains("9 read, 5 to train on, 4 held out (1 newest), 2 seen by the champion, 3 unu"))
            #expect(try scratch.text("verdict.html").contains("Retraining 2 of mood: held"))
            let object = try await retrainings("show", "2", "--json").objects.first ?? nil
            #expect((object?["report"] as? [String: Any])?["labels"] as? [String] == ["a", "b"])
            let none = try await Program.run(["retrainings", "show", "7"], environment: environment)
            #expect(none.status == 1 && none.error.contains("the journal has no retraining 7"))
        }
    }

    @Test func missingTasksAndVersionsAreErrorsOfOneLine() async throws {
        let (scratch, base) = try Self.material()
        try await withTestDatabase { database in
            let environment = ["DATABASE_URL": database.dsn()]
            let unmigrated = try await Program.run(["adapters", "list"], environment: environment)
            #expect(unmigrated.status == 1)
            #expect(unmigrated.error.hasPrefix("error: "))

            #expect(try await Program.run(["migrate"], environment: environment).status == 0)
            #expect(try await Program.run(["migrate"], environment: environment).output.contains("already"))
            let cases: [(arguments: [String], complaint: String)] = [
                (["show", "mood"], "no adapter for task mood"), (["promote", "mood", "7"], "no version 7"),
                (["rollback", "mood"], "no earlier live version"),
                (["import", "mood", "/nowhere", "--base", base], "/nowhere"),
                (["import", "mood", scratch.path("first"), "--base", "/nobase"], "/nobase"),
            ]
            for (arguments, complaint) in cases {
                let outcome = try await Program.run(["adapters"] + arguments, environment: environment)
                #expect(outcome.status == 1, "\(arguments)")
                #expect(outcome.output.isEmpty)
                #expect(outcome.error.contains(complaint), "\(outcome.error)")
                #expect(outcome.error.split(separator: "\n").count == 1)
            }
            let baseless = try await Program.run(
                ["adapters", "import", "mood", scratch.path("first")], environment: environment)
            #expect(baseless.status == 64)
        }
    }

    @Test func errorsAboutTheDatabaseLeaveThePasswordOut() async throws {
        let none = try await Program.run(["adapters", "list"])
        #expect(none.status == 64)
        #expect(none.error.contains("DATABASE_URL"))
        let away = try await Program.run(["migrate", "--database", "postgresql://somebody:geheim@127.0.0.1:1/texts"])
        #expect(away.status == 1)
        #expect(away.error.hasPrefix("error: "))
        #expect(!away.error.contains("geheim"))
    }
}
