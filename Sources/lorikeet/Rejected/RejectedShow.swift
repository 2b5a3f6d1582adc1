import ArgumentParser
import FoundationEssentials
import JSON
import Operations
import Reports
import Serving

/// `lorikeet rejected show ORIGIN`.
struct RejectedShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one rejected record: reason, key, headers, and payload on request.",
        discussion: """
            Bytes that are not UTF-8 are shown in base64. The payload may hold personal
            data, so it is printed only with --payload.

            EXAMPLES
              lorikeet rejected show packages/0@17
              lorikeet rejected show packages/0@17 --payload
              lorikeet rejected show packages/0@17 --payload --json | jq -r .payload
            """)

    @Argument(help: ArgumentHelp("The record: topic/partition@offset.", valueName: "origin"))
    var origin: String

    @OptionGroup var options: RejectedOptions

    @Flag(help: "Print the payload too.")
    var payload = false

    @OptionGroup var output: JSONOption

    func run() async throws {
        let filter = try options.filter(origins: [origin])
        let found = try await RejectedOperation(options.databaseOptions.source).messages(filter)
        guard !found.isEmpty else { throw CommandFailure(.failed, "no rejected record \(origin)") }
        for (row, message) in found { try print(row.members + members(message)) }
    }

    private func members(_ message: SourceMessage) -> [(key: String, value: JSONValue)] {
        let headers = message.headers.map { header in
            JSONValue.object([("name", .string(header.name)), ("value", Self.value(header.value))])
        }
        return [("key", Self.value(message.key)), ("headers", .array(headers))]
            + (payload ? [("payload", Self.value(message.payload))] : [])
    }

    private func print(_ members: [(key: String, value: JSONValue)]) throws {
        if output.json { return try StandardOutput.shared.line(JSONValue.object(members).text) }
        for (key, value) in members {
            let text = if case .string(let string) = value { string } else { value.text }
            try StandardOutput.shared.line(key + String(repeating: " ", count: max(1, 15 - key.count)) + text)
        }
    }

    /// Bytes as a string if they are UTF-8, else as `{"base64":…}`.
    private static func value(_ bytes: [UInt8]?) -> JSONValue {
        guard let bytes else { return .null }
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return .object([("base64", .string(Data(bytes).base64EncodedString()))])
    }
}
