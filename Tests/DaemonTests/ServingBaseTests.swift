import AdapterRegistry
import BERT
import DaemonFixtures
import Foundation
import Operations
import TestSupport
import Testing

@testable import Daemon

/// How fine the base becomes for versions that go live.
@Suite(.timeLimit(.minutes(2)))
struct ServingBaseTests {
    private let model: TinyModel
    private let log = LogLines()
    private let clock = ManualClock()

    init() throws { model = try TinyModel(precision: BasePrecision(.int8)) }

    private func base(folder: String? = nil, isAutomatic: Bool = true) throws -> ServingBase {
        ServingBase(
            try LoadedBase(BaseFolder(model.directory, precision: BasePrecision(.int8))),
            folder: folder ?? model.directory, isAutomatic: isAutomatic, logger: log.logger, clock: clock.clock)
    }

    private func version(_ number: Int, over accepted: String?) -> AdapterVersion {
        var version = AdapterVersion(
            task: "noise", version: number, digest: "digest \(number)", baseDigest: model.base.digest, state: .live,
            createdAt: Date(timeIntervalSince1970: 0))
        version.acceptedDtype = accepted
        return version
    }

    @Test func itIsAsFineAsEveryVersionNeedsAndNeverCoarser() async throws {
        let base = try base()
        let start = base.loaded.base
        let steps: [(accepted: String?, dtype: String)] = [
            (nil, "int8"), ("int8", "int8"), ("int8+bfloat16:1.output", "int8+bfloat16:1.output"),
            ("int8+float32:0.output", "int8+float32:0.output+bfloat16:1.output"),
            ("int8+bfloat16:0.output", "int8+float32:0.output+bfloat16:1.output"), ("float32", "float32"),
            ("bfloat16", "float32"), ("int4 of the future", "float32"),
        ]
        var changes = 0
        for (number, step) in steps.enumerated() {
            let before = base.loaded.base
            let found = try await base.base(for: version(number, over: step.accepted))
            // What a CPU has no instructions for is float32.
            let dtype = number < 2 ? "int8" : try #require(BasePrecision(step.dtype)).onThisCPU.description
            #expect(found.dtype == dtype && found === base.loaded.base && found.digest == start.digest)
            #expect((found === before) == (before.dtype == dtype), "it is read again only if it has to be")
            changes += found === before ? 0 : 1
        }
        #expect(log.count(containing: "base falls back to finer types") == changes)
        #expect(base.loaded.dtypeReason?.hasSuffix("; version 5 of noise was accepted over float32") == true)
    }

    @Test func aBaseThatCannotBeReadIsReadLater() async throws {
        let folder = try TemporaryFolder()
        let base = try base(folder: folder.path + "/base")
        let needy = version(1, over: "float32")
        await #expect(throws: CommandFailure.self) { _ = try await base.base(for: needy) }
        try FileManager.default.copyItem(atPath: model.directory, toPath: folder.path + "/base")
        let failure = await #expect(throws: CommandFailure.self) { _ = try await base.base(for: needy) }
        #expect(
            failure?.message.hasPrefix("the base cannot be loaded in float32") == true, "it is not asked for at once")
        #expect(base.loaded.base.dtype == "int8")
        clock.advance(by: .seconds(60))
        let found = try await base.base(for: needy)
        #expect(found.dtype == "float32" && base.loaded.base === found)
    }

    /// The folder appears, and neither of two versions looks for it before its minute is over.
    @Test func twoVersionsDoNotMakeEachOtherTryAgain() async throws {
        let folder = try TemporaryFolder()
        let base = try base(folder: folder.path + "/base")
        let needs = [version(1, over: "float32"), version(2, over: "int8+float32:0.output")]
        for needy in needs { await #expect(throws: CommandFailure.self) { _ = try await base.base(for: needy) } }
        try FileManager.default.copyItem(atPath: model.directory, toPath: folder.path + "/base")
        for needy in needs { await #expect(throws: CommandFailure.self) { _ = try await base.base(for: needy) } }
        #expect(base.loaded.base.dtype == "int8")
    }

    @Test func anotherBaseInTheFolderIsNotTaken() async throws {
        let other = try TinyModel(seed: 9)
        defer { withExtendedLifetime(other) {} }
        let base = try base(folder: other.directory)
        let needy = version(1, over: "float32")
        let failure = await #expect(throws: CommandFailure.self) { _ = try await base.base(for: needy) }
        #expect(failure?.message.contains("another base by now") == true && base.loaded.base.dtype == "int8")
    }

    @Test func aTypeThatTheFileNamesStays() async throws {
        let base = try base(isAutomatic: false)
        for _ in 1...3 {
            let found = try await base.base(for: version(1, over: "float32"))
            #expect(found.dtype == "int8" && found === base.loaded.base)
        }
        let line = "adapter was accepted over finer types, keeping those of the pipeline file"
        #expect(log.count(containing: line) == 1)
    }
}
