import TestSupport
import Testing

@testable import Daemon

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

@Test func filesOfOneDaemonShareABaseAndHaveNamesOfTheirOwn() throws {
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
            "other.yaml:2: base: one daemon has one base: here /models/other, in one.yaml /models/base"
        ])
    #expect(
        problems([one, differing], folder) == [
            "differing.yaml:4: tasks.kind.labels: a task is one task in the whole database, and one.yaml gives it other labels"
        ])
}

@Test func problemsOfAllFilesAreReportedTogether() throws {
    let folder = try TemporaryFolder()
    let one = try folder.write("one.yaml", pipeline(name: "two words"))
    let two = try folder.write("two.yaml", pipeline(name: "two") + "\nextra: 1")
    #expect(problems([one, two], folder).map { $0.prefix(10) } == ["one.yaml:1", "two.yaml:6"])
    #expect(problems([], folder) == ["lorikeet: no pipeline file given"])
}
