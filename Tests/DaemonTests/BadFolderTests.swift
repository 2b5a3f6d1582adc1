import BERT
import Foundation
import TestSupport
import Testing

@testable import Daemon

/// The message with which a daemon refuses a file; without the temporary folder's path.
private func refusal(_ folder: TemporaryFolder, _ yaml: String) throws -> String? {
    try folder.write("p.yaml", yaml)
    var options = DaemonOptions(environment: PipelineEnvironment(variables: [:], workingDirectory: folder.path))
    options.handlesSignals = false
    do throws(CommandFailure) {
        _ = try LorikeetDaemon(files: ["p.yaml"], options: options)
        return nil
    } catch {
        #expect(error.status == .configuration)
        return error.message.replacing(folder.path + "/", with: "")
    }
}

private func yaml(base: String = "base", labels: String = "[a, b]", adapter: String = "", more: String = "") -> String {
    """
    name: p
    base: \(base)
    source: { kafka: { brokers: "h:1", topics: [t], group: g } }
    tasks:
      kind: { labels: \(labels)\(adapter.isEmpty ? "" : ", adapter: \(adapter)") }
    sink: { postgres: "host=h" }
    \(more)
    """
}

@Test func aBaseThatIsNoneIsNamedWithItsLine() throws {
    let folder = try TemporaryFolder()
    #expect(
        try refusal(folder, yaml(base: "nowhere"))
            == "p.yaml:2: base: there is no folder nowhere; relative paths count from the working directory, then from the file's folder")
    try folder.write("empty/readme", "")
    #expect(try refusal(folder, yaml(base: "empty"))?.hasPrefix("p.yaml:2: base: ") == true)
    try TestBase.write(to: folder.path + "/base")
    try FileManager.default.removeItem(atPath: folder.path + "/base/vocab.txt")
    #expect(try refusal(folder, yaml())?.hasPrefix("p.yaml:2: base: ") == true)
}

@Test func figuresThatTheBaseDoesNotHaveAreNamed() throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    #expect(
        try refusal(folder, yaml(more: "batch: { max_tokens: 512 }"))
            == "p.yaml:7: batch.max_tokens: the base has 64 positions; 512 are too many")
    #expect(
        try refusal(folder, yaml(more: "batch: { max_tokens: 64 }\nretrain: { layers: [1, 2] }"))
            == "p.yaml:8: retrain.layers: the base has layers 0 to 1, no layer 2")
}

@Test func anAdapterThatDoesNotFitIsNamedWithItsLine() throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    let model = try TestBase.shared.get()
    try model.adapter(labels: ["a", "b"]).write(to: folder.path + "/good")
    try TestBase(seed: 2).adapter(labels: ["a", "b"]).write(to: folder.path + "/foreign")
    try folder.write("junk/adapter_config.json", "{}")
    let small = "batch: { max_tokens: 64 }"
    #expect(try refusal(folder, yaml(adapter: "good", more: small)) == nil)
    // A folder that is gone matters only if the registry has no live adapter either.
    #expect(try refusal(folder, yaml(adapter: "gone", more: small)) == nil)
    #expect(
        try refusal(folder, yaml(labels: "[a, c]", adapter: "good", more: small))
            == "p.yaml:5: tasks.kind.labels: labels differ: the adapter lacks c; the pipeline does not name b (adapter good)")
    #expect(try refusal(folder, yaml(adapter: "junk", more: small))?.hasPrefix("p.yaml:5: tasks.kind.adapter: ") == true)
    #expect(try refusal(folder, yaml(adapter: "foreign", more: small))?.hasPrefix("p.yaml:5: tasks.kind.adapter: ") == true)
}
