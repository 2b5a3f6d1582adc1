import BERT
import DaemonFixtures
import Foundation
import TestSupport
import Testing

@testable import Operations
@testable import Pipelines

/// The message with which a file is refused when its base and adapters are loaded; without the temporary folder's path.
private func refusal(_ folder: TemporaryFolder, _ yaml: String) throws -> String? {
    try folder.write("p.yaml", yaml)
    let environment = PipelineEnvironment(variables: [:], workingDirectory: folder.path)
    do throws(ConfigurationError) {
        let configuration = try DaemonConfiguration.read(files: ["p.yaml"], environment: environment)
        _ = try LoadedBase(configuration).servedTasks(of: configuration.pipelines)
        return nil
    } catch {
        return error.description.replacing(folder.path + "/", with: "")
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
            == "p.yaml:2: base: there is no folder nowhere; "
            + "relative paths start at the working directory, then at the file's folder"
    )
    try folder.write("empty/readme", "")
    #expect(try refusal(folder, yaml(base: "empty"))?.hasPrefix("p.yaml:2: base: ") == true)
    try TestBase.write(to: folder.path + "/base")
    try FileManager.default.removeItem(atPath: folder.path + "/base/vocab.txt")
    #expect(try refusal(folder, yaml())?.hasPrefix("p.yaml:2: base: ") == true)
}

/// Why a type is not what this CPU should compute in.
private func slowReason(_ dataType: DataType) -> String? {
    dataType.isFast ? nil : "this CPU has no instructions for it: float32 is faster"
}

/// The type changes neither the digest nor which adapters fit.
@Test(arguments: [
    ("", DataType.float32, nil), ("dtype: float32", .float32, nil), ("dtype: int8", .int8, slowReason(.int8)),
    ("dtype: bfloat16", .bfloat16, slowReason(.bfloat16)),
    ("dtype: auto", .float32, "not measured: run, retrain, relabel, replay, label and rejected retry do"),
])
func theBaseComputesInTheTypeThatTheFileSays(key: String, type: DataType, reason: String?) throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    let model = try TestBase.shared.get()
    try model.adapter(labels: ["a", "b"]).write(to: folder.path + "/good")
    try folder.write("p.yaml", yaml(adapter: "good", more: key))
    let environment = PipelineEnvironment(variables: [:], workingDirectory: folder.path)
    let configuration = try DaemonConfiguration.read(files: ["p.yaml"], environment: environment)
    let loaded = try LoadedBase(configuration)
    #expect(loaded.base.dataType == type && loaded.dtypeReason == reason)
    #expect(loaded.dtype == type.rawValue + (reason.map { " (\($0))" } ?? ""))
    #expect(loaded.base.digest == model.base.digest)
    let adapter = try loaded.servedTasks(of: configuration.pipelines)["kind"]?.firstAdapter
    #expect(adapter?.baseDtype == type.rawValue && adapter?.manifest.trainingDataType == .float32)
    // As a retraining that a daemon starts: the daemon's type, whatever the file says by now.
    for other in DataType.allCases {
        let given = try LoadedBase(configuration, serving: ServingPrecision(BasePrecision(other)))
        #expect(given.base.dataType == other && given.dtypeReason == nil)
    }
}

@Test func aStartInInt8ReadsTheFileOfTheStartBefore() async throws {
    let folder = try TestModels.tinyBase()
    let name = "lorikeet-int8.cache"
    let base = BaseFolder(folder.path, precision: BasePrecision(.int8))
    // No file is written in the tick of the clock in which the base was written.
    try await eventually("the file of the first start") {
        _ = try LoadedBase(base)
        return folder.fileNumber(name) != nil
    }
    let written = folder.fileNumber(name)
    _ = try LoadedBase(base)
    #expect(folder.fileNumber(name) == written, "it was written again")
}

@Test func whatCannotBeMeasuredIsFloat32() async throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    let environment = PipelineEnvironment(variables: [:], workingDirectory: folder.path)
    func resolved(_ dtype: String) async throws -> ServingPrecision? {
        try folder.write("p.yaml", yaml(more: "dtype: \(dtype)").replacing("host=h", with: "host=127.0.0.1 port=1"))
        return await ServingPrecision.resolve(files: ["p.yaml"], environment: environment)
    }
    #expect(try await resolved("int8")?.precision == BasePrecision(.int8))
    let choice = try #require(try await resolved("auto"))
    #expect(choice.precision == .float32)
    #expect(choice.reason?.hasPrefix("float32: what a faster type costs cannot be measured: ") == true)
    #expect(try await resolved("int4") == nil)
}

@Test func limitsBeyondTheBaseAreNamed() throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    #expect(
        try refusal(folder, yaml(more: "batch: { max_tokens: 512 }"))
            == "p.yaml:7: batch.max_tokens: is 512, but the base has only 64 positions")
    #expect(
        try refusal(folder, yaml(more: "batch: { max_tokens: 64 }\nretrain: { layers: [1, 2] }"))
            == "p.yaml:8: retrain.layers: the base has no layer 2, only 0 to 1")
}

/// What nobody asked for is lowered to the base's positions; what was asked for is an error.
@Test func theDefaultOfMaxTokensFollowsTheBase() throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    for batch in ["", "batch: { tokens: 128 }", "batch: { max_tokens: 64 }", "batch: { max_tokens: 8 }"] {
        #expect(try refusal(folder, yaml(more: batch)) == nil, "\(batch)")
    }
    #expect(try refusal(folder, yaml(more: "batch: { max_tokens: 65 }"))?.contains("is 65, but") == true)
    var batch = BatchConfiguration()
    #expect([2, 128, 256, 512].map(batch.maxTokens(positions:)) == [2, 128, 256, 256])
    batch.maxTokens = 32
    #expect([16, 512].map(batch.maxTokens(positions:)) == [16, 32])
}

@Test func anAdapterThatDoesNotFitIsNamedWithItsLine() throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    let model = try TestBase.shared.get()
    try model.adapter(labels: ["a", "b"]).write(to: folder.path + "/good")
    try TestBase(seed: 2).adapter(labels: ["a", "b"]).write(to: folder.path + "/foreign")
    try folder.write("junk/adapter_config.json", "{}")
    #expect(try refusal(folder, yaml(adapter: "good")) == nil)
    // A folder that is gone matters only if the registry has no live adapter either.
    #expect(try refusal(folder, yaml(adapter: "gone")) == nil)
    #expect(
        try refusal(folder, yaml(labels: "[a, c]", adapter: "good"))
            == "p.yaml:5: tasks.kind.labels: labels differ: the adapter lacks c; "
            + "the pipeline does not name b (rename, merge or retire it) (adapter good)"
    )
    #expect(try refusal(folder, yaml(adapter: "junk"))?.hasPrefix("p.yaml:5: tasks.kind.adapter: ") == true)
    #expect(try refusal(folder, yaml(adapter: "foreign"))?.hasPrefix("p.yaml:5: tasks.kind.adapter: ") == true)
}

/// An adapter as PEFT writes it, with what lies beside it.
private func writeNameless(_ folder: TemporaryFolder, _ name: String, config: String? = nil) throws {
    try TestBase.shared.get().adapter(labels: ["a", "b"]).write(to: folder.path + "/" + name)
    try FileManager.default.removeItem(atPath: folder.path + "/\(name)/lorikeet.json")
    if let config { try folder.write("\(name)/config.json", config) }
}

@Test func aPipelineNamesTheLabelsThatAFolderDoesNot() throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    try writeNameless(folder, "bare")
    try writeNameless(folder, "said", config: #"{"id2label": {"0": "b", "1": "a"}}"#)
    #expect(try refusal(folder, yaml(adapter: "bare")) == nil)
    #expect(try refusal(folder, yaml(labels: "[b, a]", adapter: "said")) == nil)
    // Labels are cleaned, as those of rows are.
    #expect(try refusal(folder, yaml(labels: "[\" b\", \"a \"]", adapter: "said")) == nil)
    #expect(
        try refusal(folder, yaml(labels: "[a, b, c]", adapter: "bare"))
            == "p.yaml:5: tasks.kind.labels: the head has 2 rows, but tasks.kind.labels has 3 labels (adapter bare)")
    let order = "list the labels in the order of the head's rows"
    #expect(
        try refusal(folder, yaml(adapter: "said"))
            == "p.yaml:5: tasks.kind.labels: row 0 of the head is \"b\" in id2label of config.json, "
            + "but \"a\" in tasks.kind.labels; "
            + "\(order) (adapter said)")
}

@Test func theNamesOfAPipelineAreThoseOfTheAdapterThatIsPublished() throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    try writeNameless(folder, "bare")
    func configuration(_ names: [String: String]) throws -> (LoadedBase, DaemonConfiguration) {
        let files = try names.sorted { $0.key < $1.key }.map { name, labels in
            try folder.write(
                "\(name).yaml", yaml(labels: labels, adapter: "bare").replacing("name: p", with: "name: \(name)"))
        }
        let environment = PipelineEnvironment(variables: [:], workingDirectory: folder.path)
        let configuration = try DaemonConfiguration.read(files: files, environment: environment)
        return (try LoadedBase(configuration), configuration)
    }
    let (loaded, one) = try configuration(["p": "[b, a]"])
    let first = try #require(try loaded.servedTasks(of: one.pipelines)["kind"]?.firstAdapter)
    #expect(first.labels == ["b", "a"])
    #expect(
        try first.digest
            == TestBase.shared.get().adapter(labels: ["a", "b"]).with {
                ($0.labels, $0.baseDigest) = (["b", "a"], nil)
            }.digest)

    // Two files of one daemon share the task: their orders must agree, since nothing else tells which is right.
    let (both, two) = try configuration(["p": "[b, a]", "q": "[a, b]"])
    let error = #expect(throws: ConfigurationError.self) { try both.servedTasks(of: two.pipelines) }
    #expect(
        error?.description.contains("row 0 of the head is \"b\" in tasks.kind.labels, but \"a\" in ") == true,
        "\(String(describing: error))")
}

@Test func aPipelineSaysThatANamelessAdapterGivesSets() throws {
    let folder = try TemporaryFolder()
    try TestBase.write(to: folder.path + "/base")
    try writeNameless(folder, "bare")
    try writeNameless(folder, "single", config: #"{"problem_type": "single_label_classification"}"#)
    #expect(try refusal(folder, yaml(labels: "[a, b], multi_label: true", adapter: "bare")) == nil)
    #expect(
        try refusal(folder, yaml(labels: "[a, b], multi_label: true", adapter: "single"))?.contains("one label") == true
    )
}
