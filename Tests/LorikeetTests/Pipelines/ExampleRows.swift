import Foundation
import Testing

/// Rows for the tasks of the files in `pipelines/`: texts like those of their examples, the same on every machine.
struct ExampleRows {
    /// Sentences of two phrases with the labels that they get, none, one or several.
    private struct Kind: Decodable {
        let labels: [String]
        let first: String
        let second: String
    }

    private struct Content: Decodable {
        let tasks: [String: [Kind]]
        let phrases: [String: [String]]
    }

    private let content: Content

    /// Reads `Fixtures/example-rows.json`.
    init() throws {
        let file = try #require(
            Bundle.module.url(forResource: "example-rows", withExtension: "json", subdirectory: "Fixtures"))
        content = try JSONDecoder().decode(Content.self, from: Data(contentsOf: file))
    }

    /// The tasks that have rows.
    var tasks: [String] { content.tasks.keys.sorted() }

    /// Rows of a task as JSON Lines: every third one of a label is to validate on.
    func lines(of task: String) throws -> (training: String, validation: String) {
        let isMultiLabel = task == "abuse"
        var (training, validation) = ("", "")
        for kind in try #require(content.tasks[task]) {
            for (index, text) in try texts(of: kind).enumerated() {
                let labels = kind.labels.map { "\"\($0)\"" }.joined(separator: ",")
                let value = isMultiLabel ? "\"labels\":[\(labels)]" : "\"label\":\(labels)"
                let line = "{\(value),\"text\":\"\(text)\"}\n"
                if index % 3 == 2 { validation += line } else { training += line }
            }
        }
        return (training, validation)
    }

    /// Every second combination, in a mixed order.
    private func texts(of kind: Kind) throws -> [String] {
        let first = try #require(content.phrases[kind.first])
        let second = try #require(content.phrases[kind.second])
        let pairs = first.indices.flatMap { one in second.indices.map { (one, $0) } }
        let half = pairs.filter { ($0 + $1) % 2 == 0 }
        return half.indices.map { half[$0 * 7 % half.count] }.map { "\(first[$0.0]) \(second[$0.1])" }
    }
}
