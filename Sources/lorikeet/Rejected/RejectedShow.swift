import ArgumentParser
import Connectors
import Foundation
import JSON
import Operations
import Reports
import Serving

/// `lorikeet rejected show ORIGIN`.
struct RejectedShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One rejected message: what was wrong, its key, headers and payload.",
        discussion: """
            What is no UTF-8 is shown in base64. The payload may hold what nobody should
            read: it is printed only on demand.

            EXAMPLES
              lorikeet rejected show packages/0@17
              lorikeet rejected show packages/0@17 --payload
              lorikeet rejected show packages/0@17 --payload --json | jq -r .payload
            """)

    @Argument(help: ArgumentHelp("The message: topic/partition@offset.", valueName: "origin"))
    var origin: String

    @OptionGroup var options: RejectedOptions

    @Flag(help: "The payload too.")
    var payload = false

    @OptionGroup var output: JSONOption

    func run() async throws {
        let filter = try options.filter(origins: [origin])
        let found = try await options.withRows { table in
            var found: [(RejectedRow, SourceMessage)] = []
            for row in try await table.rows(filter, limit: 1000) {
                if let message = try await table.message(of: row) { found.append((row, message)) }
            }
            return found
        }
        guard !found.isEmpty else { throw CommandFailure(.failed, "no rejected message \(origin)") }
        for (row, message) in found { try print(row, message) }
    }

    private func print(_ row: RejectedRow, _ message: SourceMessage) throws {
        var members = RejectedReport.members(row)
        members.append(("key", Self.value(message.key)))
        members.append(
            (
                "headers",
                .array(message.headers.map { .object([("name", .string($0.name)), ("value", Self.value($0.value))]) })
            ))
        if payload { members.append(("payload", Self.value(message.payload))) }
        if output.json { return try StandardOutput.shared.line(JSONValue.object(members).text) }
        for (key, value) in members {
            let text = if case .string(let string) = value { string } else { value.text }
            try StandardOutput.shared.line(key.padding(toLength: 15, withPad: " ", startingAt: 0) + text)
        }
    }

    /// Bytes as a string where they are UTF-8, else as `{"base64":…}`.
    private static func value(_ bytes: [UInt8]?) -> JSONValue {
        guard let bytes else { return .null }
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return .object([("base64", .string(Data(bytes).base64EncodedString()))])
    }
}
