import Foundation
import TestSupport
import Testing

@testable import Pipelines

private func fill(_ text: String, _ variables: [String: String] = [:], credentials: String? = nil) -> String {
    let environment = PipelineEnvironment(
        variables: variables, credentialsDirectory: credentials, workingDirectory: "/")
    do throws(Substitution.Failure) {
        return try Substitution(environment: environment).fill(text).text
    } catch {
        return "error: " + error.message
    }
}

@Test func variablesAreFilledInAndDefaultsUsed() {
    let variables = ["A": "1", "EMPTY": "", "B_2": "two words"]
    #expect(fill("x${A}y${B_2}z", variables) == "x1ytwo wordsz")
    #expect(fill("${NONE:-localhost:5432}", variables) == "localhost:5432")
    #expect(fill("${EMPTY:-x}|${EMPTY}", variables) == "x|")
    #expect(fill("${NONE:-}", variables) == "")
    #expect(fill("${NONE}", variables) == "error: the environment variable NONE is not set")
}

@Test func substitutionIsNotRepeated() {
    #expect(fill("${A}", ["A": "${B}", "B": "no"]) == "${B}")
}

@Test func dollarsWithoutBracesStay() {
    #expect(fill("$5 and $HOME and $") == "$5 and $HOME and $")
    #expect(fill("$${A} $$ ${A}", ["A": "v"]) == "${A} $$ v")
}

@Test func credentialsAreReadWithoutTheirLastLineEnd() throws {
    let folder = try TemporaryFolder()
    try folder.write("database-url", "postgresql://u:p@h/d\n")
    #expect(fill("${credential:database-url}", credentials: folder.path) == "postgresql://u:p@h/d")
    #expect(fill("${credential:none:-x}", credentials: folder.path) == "x")
    #expect(
        fill("${credential:none}", credentials: folder.path)
            == "error: there is no credential none in CREDENTIALS_DIRECTORY")
    #expect(
        fill("${credential:../passwd}", credentials: folder.path).hasPrefix(
            "error: ${credential:../passwd} is not a variable"))
}

/// A folder, because root may read every file. What stands in for a missing credential does not for this one.
@Test(arguments: ["${credential:key}", "${credential:key:-default}"])
func aCredentialThatCannotBeReadIsAnError(_ text: String) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path + "/key", withIntermediateDirectories: false)
    #expect(
        fill(text, credentials: folder.path)
            == "error: the credential key in CREDENTIALS_DIRECTORY cannot be read: check its owner and mode")
    try folder.write("bytes", "")
    try Data([0xFF]).write(to: URL(fileURLWithPath: folder.path + "/bytes"))
    #expect(fill("${credential:bytes}", credentials: folder.path) == "error: the credential bytes is not UTF-8")
}

@Test func aValueFromTheEnvironmentIsNeverShown() {
    let environment = PipelineEnvironment(variables: ["TOKENS": "hunter2"], workingDirectory: "/")
    let problems = ProblemCollector(file: "p.yaml")
    _ = PipelineFile.parse(
        "batch: { tokens: \"${TOKENS}\" }", file: "p.yaml", environment: environment, problems: problems)
    let messages = problems.problems.map(\.description).joined(separator: "\n")
    #expect(messages.contains("batch.tokens: must be a whole number from 16 to 65536; its value is not"))
    #expect(!messages.contains("hunter2"))
}

@Test(arguments: [
    ("20ms", Duration.milliseconds(20)), ("1.5s", .milliseconds(1500)), ("10m", .seconds(600)), ("6h", .seconds(21600)),
    ("1h30m", .seconds(5400)), ("2d", .seconds(172_800)), ("250us", .microseconds(250)), ("0s", .zero),
])
func durationsAreRead(text: String, duration: Duration) {
    #expect(DurationText.parse(text) == duration)
}

@Test(arguments: ["", "5", "ms", "5 ms", "-5s", "1e3s", "1..5s", "5fortnights", "99999d", "1.5.1s"])
func invalidDurationsAreRefused(text: String) {
    #expect(DurationText.parse(text) == nil)
}
