import BERT
import Foundation
import TestSupport
import Testing

/// Trainings that are interrupted, killed, or run out of disk, as processes.
@Suite(.scratch) struct ResumeTests {
    private struct Material {
        let scratch: Scratch
        let base: String
        let train: String

        init() throws {
            scratch = try Scratch()
            base = try TinyBase.write(to: scratch)
            train = try scratch.write("train.tsv", TinyBase.tsv(TinyBase.rows(64)))
        }

        func arguments(_ output: String = "adapter", epochs: Int = 120) -> [String] {
            [
                "train", "--base", base, "--train", train, "--output", scratch.path(output), "--epochs", String(epochs),
                "--workers", "2",
                "--json",
            ]
        }

        /// Starts a training, sends a signal after the first epoch's line, and waits for the end.
        func run(_ arguments: [String], signal: Int32) async throws -> (status: Int32, error: String) {
            try await run(arguments) { kill($0, signal) }
        }

        /// Starts a training, does something to it after the first epoch's line, and waits for the end.
        ///
        /// The pipe is small and nobody empties it before: the training cannot be over by then.
        func run(_ arguments: [String], disturbed: (pid_t) throws -> Void) async throws -> (
            status: Int32, error: String
        ) {
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            let (reading, writing) = (ends[0], ends[1])
            defer { close(reading) }
            let sizeOfPipe: Int32 = 1031
            #expect(fcntl(writing, sizeOfPipe, Int32(4096)) >= 0)
            let process = try Program.make(arguments)
            process.standardOutput = FileHandle(fileDescriptor: writing, closeOnDealloc: false)
            process.standardError = try scratch.newFile("stderr")
            let running = try Program.start(process)
            close(writing)
            await Self.onOwnThread {
                var request = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
                while poll(&request, 1, -1) < 0 {}
            }
            try disturbed(process.processIdentifier)
            await Self.onOwnThread {
                var bytes = [UInt8](repeating: 0, count: 4096)
                while read(reading, &bytes, bytes.count) != 0 {}
            }
            return (await running.status, try scratch.text("stderr"))
        }

        /// Starts a search, sends a signal once standard error names a trial, and waits for the end.
        func runSearch(_ arguments: [String], signal: Int32) async throws -> Program.Outcome {
            try await Program.run(arguments, signal: signal, once: "\"halving\"")
        }

        private static func onOwnThread(_ body: @escaping @Sendable () -> Void) async {
            await withCheckedContinuation { continuation in
                Thread {
                    body()
                    continuation.resume()
                }.start()
            }
        }
    }

    @Test(arguments: [SIGINT, SIGTERM]) func anInterruptedTrainingResumesBitForBit(signal: Int32) async throws {
        let material = try Material()
        #expect(try await Program.run(material.arguments("whole")).status == 0)
        let interrupted = try await material.run(material.arguments(), signal: signal)
        #expect(interrupted.status == 1)
        #expect(interrupted.error.contains("--resume"), "\(interrupted.error)")
        #expect(material.scratch.exists("adapter.checkpoint") && !material.scratch.exists("adapter"))

        // Without a word about it, the checkpoint is neither used nor lost.
        let silent = try await Program.run(material.arguments())
        #expect(
            silent.status == 1
                && silent.error.contains("adapter.checkpoint: is the checkpoint of an interrupted training"))

        let resumed = try await Program.run(material.arguments() + ["--resume"])
        #expect(resumed.status == 0, "\(resumed.error)")
        let epochs = resumed.objects.compactMap { $0?["epoch"] as? Int }
        #expect(epochs.last == 120)
        #expect((epochs.first ?? 0) > 1)
        #expect(try material.scratch.weights("adapter") == material.scratch.weights("whole"))
        #expect(!material.scratch.exists("adapter.checkpoint"))
    }

    @Test func aCheckpointOfOtherRowsOrSettingsSaysWhatDiffers() async throws {
        let material = try Material()
        _ = try await material.run(material.arguments(), signal: SIGTERM)
        let other = try await Program.run(material.arguments() + ["--resume", "--rank", "4", "--alpha", "3"])
        #expect(other.status == 1)
        #expect(
            other.error.contains("alpha (16 then, 3 now)") && other.error.contains("rank (8 then, 4 now)"),
            "\(other.error)")
        let type = try await Program.run(material.arguments() + ["--resume", "--dtype", "int8"])
        #expect(
            type.status == 1 && type.error.contains("these differ: dtype (float32 then, int8 now)"), "\(type.error)")
        try material.scratch.write("train.tsv", TinyBase.tsv(TinyBase.rows(60)))
        let rows = try await Program.run(material.arguments() + ["--resume"])
        #expect(rows.status == 1 && rows.error.contains("these differ: the training rows"))
        #expect(material.scratch.exists("adapter.checkpoint"))
        try material.scratch.write("adapter.checkpoint", "nonsense")
        let damaged = try await Program.run(material.arguments() + ["--resume"])
        #expect(damaged.status == 1 && damaged.error.contains("adapter.checkpoint: is not a usable checkpoint"))
        let anew = try await Program.run(material.arguments(epochs: 1) + ["--overwrite"])
        #expect(anew.status == 0, "\(anew.error)")
        #expect(material.scratch.content("adapter").contains("adapter_model.safetensors"))
        #expect(!material.scratch.exists("adapter.checkpoint"))
    }

    @Test func anAdapterThatCannotBeWrittenLeavesACheckpoint() async throws {
        let material = try Material()
        #expect(try await Program.run(material.arguments("whole")).status == 0)
        let file = material.scratch.path("adapter/thesis.txt")
        let outcome = try await material.run(material.arguments()) { _ in
            try FileManager.default.createDirectory(
                atPath: material.scratch.path("adapter"), withIntermediateDirectories: false)
            try Data("years of work".utf8).write(to: URL(fileURLWithPath: file))
        }
        #expect(outcome.status == 1)
        #expect(
            outcome.error.contains(
                "adapter.checkpoint: the same command with --resume writes the adapter"),
            "\(outcome.error)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "years of work")
        try FileManager.default.removeItem(atPath: material.scratch.path("adapter"))
        let resumed = try await Program.run(material.arguments() + ["--resume"])
        #expect(resumed.status == 0, "\(resumed.error)")
        #expect(try material.scratch.weights("adapter") == material.scratch.weights("whole"))
        #expect(!material.scratch.exists("adapter.checkpoint"))
    }

    @Test func resumingWithoutACheckpointStartsFromTheBeginning() async throws {
        let material = try Material()
        let outcome = try await Program.run(material.arguments(epochs: 1) + ["--resume"])
        #expect(outcome.status == 0)
        #expect(outcome.error.contains("no checkpoint at"))
    }

    @Test func anInterruptedSearchKeepsTheBestTrial() async throws {
        let material = try Material()
        let search = ["--search", "200", "--progress", "json"]
        let interrupted = try await material.runSearch(material.arguments() + search, signal: SIGTERM)
        #expect(interrupted.status == 1)
        #expect(
            interrupted.error.contains(
                "the same command with --resume and the settings found in place of --search continues from"))
        #expect(material.scratch.exists("adapter.checkpoint") && !material.scratch.exists("adapter"))
        let data = Data(interrupted.output.utf8)
        let found = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(found["cut_short"] as? Bool == true && (found["search"] as? [Any])?.count == 200)
        let options = try #require(found["options"] as? String).split(separator: " ").map(String.init)

        let resumed = try await Program.run(material.arguments() + options + ["--resume"])
        #expect(resumed.status == 0, "\(resumed.error)")
        #expect(try await Program.run(material.arguments("whole") + options).status == 0)
        #expect(try material.scratch.weights("adapter") == material.scratch.weights("whole"))
    }

    @Test func optionsWithoutEffectAreNamedIfThereAreNoValidationRows() async throws {
        let material = try Material()
        let outcome = try await Program.run(
            material.arguments(epochs: 2) + ["--hold-out", "0", "--patience", "1", "--precision", "0.9"])
        #expect(outcome.status == 0 && outcome.lines.count == 2)
        #expect(
            outcome.error.contains("without validation rows, these options have no effect: --patience, --precision"),
            "\(outcome.error)")
    }

    @Test func aKilledTrainingLeavesTheOldAdapterOrTheNewOne() async throws {
        let material = try Material()
        let base = try BERTBase(directory: material.base)
        #expect(try await Program.run(material.arguments(epochs: 1)).status == 0)
        for seed in 1...12 {
            // The line of the only epoch comes right before the adapter is written.
            let arguments = material.arguments(epochs: 1) + ["--overwrite", "--seed", String(seed)]
            _ = try await material.run(arguments, signal: SIGKILL)
            let adapter = try Adapter.load(directory: material.scratch.path("adapter"), base: base)
            #expect(adapter.labels == ["minus", "plus"])
        }
        #expect(try await Program.run(material.arguments(epochs: 1) + ["--overwrite"]).status == 0)
        #expect(material.scratch.content() == ["adapter", "base", "stderr", "train.tsv"])
    }

    /// A file system that takes no more than a kilobyte a file: what a full disk does, without one.
    @Test func aFullDiskIsReportedAndLeavesNoPartialFiles() async throws {
        let material = try Material()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments =
            ["-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"", try BuiltProgram.url().path]
            + material.arguments(epochs: 1)
        process.standardOutput = try material.scratch.newFile("stdout")
        // A file would be cut off too.
        let standardError = Pipe()
        process.standardError = standardError
        #expect(try await Program.start(process).status == 1)
        let error = String(decoding: try standardError.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(error.contains("error: \(material.scratch.path("adapter")): cannot be written: "), "\(error)")
        #expect(error.lowercased().contains("too large") || error.lowercased().contains("space"), "\(error)")
        #expect(material.scratch.content() == ["base", "stdout", "train.tsv"])
    }

    @Test func aTrainingThatDivergesWritesTheEpochBeforeAndFails() async throws {
        let material = try Material()
        let outcome = try await Program.run(
            material.arguments("adapter", epochs: 4) + [
                "--batch", "64", "--warmup", "1", "--rate", "1e38", "--weight-decay", "0",
            ])
        #expect(outcome.status == 1)
        #expect(outcome.error.contains("the loss is not a number at batch 1 of epoch"), "\(outcome.error)")
        #expect(
            outcome.error.contains("try a lower rate")
                && outcome.error.contains("holds the adapter as it was after epoch"))
        #expect(material.scratch.content("adapter").contains("adapter_model.safetensors"))
    }

    @Test(arguments: ["lines", "json", "none"]) func progressHasTheRequestedStyle(style: String) async throws {
        let material = try Material()
        let outcome = try await Program.run(material.arguments(epochs: 2) + ["--progress", style])
        #expect(outcome.status == 0)
        #expect(outcome.lines.count == 2)
        #expect(!outcome.error.contains("\u{1B}"))
        if style == "json" {
            let last = outcome.error.split(separator: "\n").last { $0.contains("seconds_left") }.map(String.init) ?? ""
            let object = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
            #expect(object["step"] as? Int == object["steps"] as? Int && object["seconds_left"] is Double)
        } else {
            #expect(
                outcome.error.split(separator: "\n").allSatisfy { line in
                    ["rows", "recipe", "warning", "kept_epoch"].contains { key in line.hasPrefix("{\"\(key)\":") }
                })
        }
    }
}
