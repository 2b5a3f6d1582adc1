import TestSupport
import Testing

@testable import Pipelines

private func pipeline(name: String, base: String = "/models/base", labels: String = "[a, b]") -> String {
    """
    name: \(name)
    base: \(base)
    source: { kafka: { brokers: "h:1", topics: [t], group: g } }
    tasks: { kind: { labels: \(labels) } }
    sink: { postgres: "host=h" }
    """
}

private func problems(_ files: [String], _ folder: TemporaryFolder) -> [String] {
    do throws(ConfigurationError) {
        _ = try DaemonConfiguration.read(files: files)
        return []
    } catch {
        return error.problems.map { $0.description.replacing(folder.path + "/", with: "") }
    }
}

@Test func filesOfOneDaemonShareABaseAndHaveDistinctNames() throws {
    let folder = try TemporaryFolder()
    let one = try folder.write("one.yaml", pipeline(name: "one"))
    let two = try folder.write("two.yaml", pipeline(name: "two"))
    let twin = try folder.write("twin.yaml", pipeline(name: "one"))
    let other = try folder.write("other.yaml", pipeline(name: "other", base: "/models/other"))
    let differing = try folder.write("differing.yaml", pipeline(name: "differing", labels: "[a, c]"))
    #expect(try DaemonConfiguration.read(files: [one, two]).pipelines.map(\.name) == ["one", "two"])
    #expect(problems([one, twin], folder) == ["twin.yaml:1: name: one.yaml has the same name, one"])
    #expect(
        problems([one, other], folder) == [
            "other.yaml:2: base: the pipelines of a daemon share one base, but one.yaml names /models/base"
        ])
    #expect(
        problems([one, differing], folder) == [
            "differing.yaml:4: tasks.kind.labels: "
                + "the pipelines of a database share their tasks, but one.yaml gives this task other labels"
        ])
}

@Test func theBaseOfADaemonComputesInOneType() throws {
    let folder = try TemporaryFolder()
    func file(_ name: String, dtype: String?) throws -> String {
        try folder.write("\(name).yaml", pipeline(name: name) + (dtype.map { "\ndtype: \($0)" } ?? ""))
    }
    let (plain, float32) = (try file("plain", dtype: nil), try file("float32", dtype: "float32"))
    let (int8, more, auto) = (
        try file("int8", dtype: "int8"), try file("more", dtype: "int8"), try file("auto", dtype: "auto")
    )
    #expect(try DaemonConfiguration.read(files: [plain, float32]).dtype == .fixed(.float32))
    #expect(try DaemonConfiguration.read(files: [int8, more]).dtype == .fixed(.int8))
    #expect(try DaemonConfiguration.read(files: [auto]).dtype == .auto)
    #expect(
        problems([int8, auto], folder) == [
            "auto.yaml:6: dtype: the pipelines of a daemon share one base in one type, but int8.yaml says int8"
        ])
    // Without the key it is float32, and the error stands at the file.
    #expect(
        problems([int8, plain], folder) == [
            "plain.yaml: dtype: the pipelines of a daemon share one base in one type, but int8.yaml says int8"
        ])
}

@Test func aDatabaseHasOneDirectConnection() throws {
    let folder = try TemporaryFolder()
    func file(_ name: String, direct: String?) throws -> String {
        let key = direct.map { ", postgres_direct: \"\($0)\"" } ?? ""
        let text = pipeline(name: name).replacing("\"host=h\" }", with: "\"host=h\"\(key) }")
        return try folder.write("\(name).yaml", text)
    }
    let (one, two) = (try file("one", direct: "host=d password=secret"), try file("two", direct: nil))
    let configuration = try DaemonConfiguration.read(files: [two, one])
    #expect(configuration.directConnections == ["host=h": Secret("host=d password=secret")])
    #expect(!"\(configuration)".contains("secret"))
    #expect(
        problems([one, two, try file("three", direct: "host=e")], folder) == [
            "three.yaml:5: sink.postgres_direct: \(folder.path)/one.yaml gives another one for the same database"
                .replacing(
                    folder.path + "/", with: "")
        ])
}

@Test func problemsOfAllFilesAreReportedTogether() throws {
    let folder = try TemporaryFolder()
    let one = try folder.write("one.yaml", pipeline(name: "two words"))
    let two = try folder.write("two.yaml", pipeline(name: "two") + "\nextra: 1")
    #expect(problems([one, two], folder).map { $0.prefix(10) } == ["one.yaml:1", "two.yaml:6"])
    #expect(problems([], folder) == ["lorikeet: no pipeline file is given"])
}
