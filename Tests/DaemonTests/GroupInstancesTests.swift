import DaemonFixtures
import Foundation
import Logging
import TestSupport
import Testing

@testable import Daemon
@testable import Operations
@testable import Pipelines

/// The identity of a member of a consumer group: kept over restarts, and used by one daemon alone.
@Suite struct GroupInstancesTests {
    private let log = CapturedLog()

    private func pipeline(_ name: String = "packages", kafka: String = "") throws -> PipelineConfiguration {
        let problems = ProblemCollector(file: "p.yaml")
        let text = """
            name: \(name)
            base: b
            source: { kafka: { brokers: "h:1", topics: [t], group: readers\(kafka) } }
            tasks: { x: { labels: [p, q] } }
            sink: { postgres: "postgresql://h/d" }
            """
        let environment = PipelineEnvironment(variables: [:], workingDirectory: "/nowhere")
        let pipeline = PipelineFile.parse(text, file: "p.yaml", environment: environment, problems: problems)
        return try #require(pipeline, "\(problems.problems)")
    }

    private func instances(_ folder: String?, host: String = "web-1") -> GroupInstances {
        GroupInstances(
            environment: folder.map { ["STATE_DIRECTORY": $0] } ?? [:], host: host, logger: log.logger)
    }

    /// The id that a daemon of its own would use.
    private func id(
        _ pipeline: PipelineConfiguration, _ folder: String?, host: String = "web-1"
    ) throws -> String? {
        let instances = instances(folder, host: host)
        try instances.claim([pipeline])
        return instances.id(of: pipeline)
    }

    @Test func anIDIsMadeOnceAndKept() throws {
        let (folder, another) = (try TemporaryFolder(), try TemporaryFolder())
        let packages = try pipeline()
        let first = try #require(try id(packages, folder.path))
        #expect(first.wholeMatch(of: /lorikeet-packages-web-1-[0-9a-f]{16}/) != nil, "\(first)")
        #expect(try id(packages, folder.path) == first)
        #expect(try id(packages, "\(folder.path):/somewhere/else") == first)
        // Of another pipeline, host or folder.
        let others = [
            try id(try pipeline("other"), folder.path), try id(packages, folder.path, host: "web-2"),
            try id(packages, another.path),
        ]
        #expect(Set(others + [first]).count == 4 && !others.contains(nil))
        let lines = log.lines("static member of the consumer group", ["pipeline": "packages", "group": "readers"])
        #expect(lines.first?.metadata["group_instance"] == first)
    }

    @Test func anIDIsWhatKafkaAllows() throws {
        let folder = try TemporaryFolder()
        let names = ["a/b", "a:b", "../../etc", "süß", String(repeating: "x", count: 200)]
        let ids = try names.map { try #require(try id(try pipeline("\"\($0)\""), folder.path, host: "höst.example")) }
        for id in ids { #expect(id.wholeMatch(of: /[A-Za-z0-9._-]{1,249}/) != nil, "\(id)") }
        #expect(Set(ids.map { $0.split(separator: "-").dropLast().joined() }).count == names.count)
        #expect(try id(try pipeline(), folder.path, host: "") != nil)
    }

    @Test(arguments: ["", "short\n", "0123456789abcdeg\n", "0123456789abcdef\n0123456789abcdef\n"])
    func aDamagedFileIsReplaced(_ content: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("group-instance-packages", content)
        let made = try #require(try id(try pipeline(), folder.path))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == made.suffix(16) + "\n")
        #expect(try id(try pipeline(), folder.path) == made)
    }

    @Test func withoutAStateDirectoryMembersAreDynamic() throws {
        #expect(try id(try pipeline(), nil) == nil)
        #expect(log.lines.value.isEmpty)
    }

    @Test func whatThePipelineFileSaysWins() throws {
        let folder = try TemporaryFolder()
        #expect(try id(try pipeline(kafka: ", group_instance: dynamic"), folder.path) == nil)
        let own = ", properties: { group.instance.id: mine }"
        #expect(try id(try pipeline(kafka: own), folder.path) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    /// Root may write into folders without permission: `/proc` refuses root too, and so does a file in place of one.
    @Test(arguments: ["/proc/self", "file"])
    func aFolderThatCannotBeWrittenLeavesTheMemberDynamic(_ place: String) throws {
        let folder = try TemporaryFolder()
        let state = place == "file" ? try folder.write("file", "") : place
        #expect(try id(try pipeline(), state) == nil)
        let lines = log.lines("no group instance can be stored, member is dynamic", ["pipeline": "packages"])
        #expect(lines.count == 1 && lines[0].level == .warning)
        #expect(lines[0].metadata["reason"]?.hasPrefix("\(state)/group-instance-packages: ") == true)

        let required = try pipeline(kafka: ", group_instance: static")
        let error = #expect(throws: ConfigurationError.self) { try id(required, state) }
        let problem = try #require(error?.problems.first)
        #expect(problem.key == "source.kafka.group_instance" && problem.line == 3)
        #expect(problem.message.contains(state))
        let missing = #expect(throws: ConfigurationError.self) { try id(required, nil) }
        #expect(missing?.problems.first?.message.contains("STATE_DIRECTORY is not set") == true)
    }

    /// An id that is there can be used from a folder that has become read-only.
    @Test func aStoredIDNeedsNoWriting() throws {
        let folder = try TemporaryFolder()
        let made = try id(try pipeline(), folder.path)
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder.path)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path) }
        #expect(try id(try pipeline(), folder.path) == made)
    }

    @Test func aSecondDaemonIsRefused() throws {
        let folder = try TemporaryFolder()
        let (packages, other) = (try pipeline(), try pipeline("other"))
        let first = instances(folder.path)
        try first.claim([packages])
        // Again, as after a reload.
        try first.claim([packages])
        let second = instances(folder.path)
        let error = #expect(throws: ConfigurationError.self) { try second.claim([packages, other]) }
        #expect(error?.problems.count == 1)
        #expect(error?.problems.first?.message.hasPrefix("another daemon runs this pipeline") == true)
        #expect(second.id(of: packages) == nil && second.id(of: other) != nil)
        #expect(first.id(of: packages) != nil)
    }

    @Test func whatRunsNoMoreIsFreeForAnotherDaemon() throws {
        let folder = try TemporaryFolder()
        let (packages, other) = (try pipeline(), try pipeline("other"))
        let first = instances(folder.path)
        try first.claim([packages, other])
        let id = first.id(of: other)
        first.release(besides: [packages])
        #expect(first.id(of: packages) != nil && first.id(of: other) == nil)
        let second = instances(folder.path)
        try second.claim([other])
        #expect(id != nil && second.id(of: other) == id)
        #expect(throws: ConfigurationError.self) { try second.claim([packages]) }
        first.release(besides: [try pipeline(kafka: ", group_instance: dynamic")])
        try second.claim([packages])
    }
}

/// Static members in a whole daemon.
@Suite(.serialized) struct StaticMemberTests {
    @Test func anIDThatAnotherDaemonTookEndsTheDaemonWithTheReason() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            var options = fixture.options()
            options.environment.variables["STATE_DIRECTORY"] = fixture.folder.path
            try fixture.produce(10)
            let failure = await #expect(throws: CommandFailure.self) {
                try await fixture.withDaemon(file, options: options) { daemon in
                    try await fixture.untilLabelled(10)
                    // What the coordinator answers the older of two members.
                    try fixture.broker.pushErrors(.heartbeat, [82])
                    try await eventually("the end") { fixture.log.count(containing: "pipeline failed") == 1 }
                }
            }
            #expect(failure?.status == .configuration)
            #expect(failure?.message.contains("FENCED_INSTANCE_ID") == true)
            #expect(failure?.message.contains("source.kafka.group_instance: dynamic") == true, "\(failure as Any)")
            #expect(fixture.log.count(containing: "static member of the consumer group") == 1)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 10)
        }
    }

    @Test func aSecondDaemonOverTheSameStateEndsAtOnce() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            var options = fixture.options()
            options.environment.variables["STATE_DIRECTORY"] = fixture.folder.path
            try await fixture.withDaemon(file, options: options) { [options] _ in
                try await eventually("the start") {
                    fixture.log.count(containing: "static member of the consumer group") == 1
                }
                let second = try LorikeetDaemon(files: [file], options: options, logger: fixture.log.logger)
                let failure = await #expect(throws: CommandFailure.self) { try await second.run() }
                #expect(failure?.status == .configuration)
                #expect(failure?.message.contains("another daemon runs this pipeline") == true)
            }
        }
    }

    /// A name that a refused reload would have used, and one that a reload left, are free for another daemon.
    @Test func aReloadKeepsNoNameThatItDoesNotUse() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            let state = ["STATE_DIRECTORY": fixture.folder.path]
            var options = fixture.options()
            options.environment.variables["STATE_DIRECTORY"] = fixture.folder.path
            try await fixture.withDaemon(file, options: options) { daemon in
                try await eventually("ready") { await daemon.readiness().ready }
                let noise = try #require(await daemon.supervisor.configurations.first)
                // The adapter is read after the name is taken.
                _ = try fixture.writePipeline(name: "other", task: "{ labels: [calm, other], adapter: first }")
                #expect(await daemon.reload() == false)
                var other = noise
                other.name = "other"
                let second = GroupInstances(environment: state, logger: fixture.log.logger)
                try second.claim([other])
                #expect(throws: ConfigurationError.self) { try second.claim([noise]) }

                _ = try fixture.writePipeline(name: "renamed")
                #expect(await daemon.reload() == true)
                try second.claim([noise])
                var renamed = noise
                renamed.name = "renamed"
                let unused = renamed
                #expect(throws: ConfigurationError.self) { try second.claim([unused]) }
            }
        }
    }
}
