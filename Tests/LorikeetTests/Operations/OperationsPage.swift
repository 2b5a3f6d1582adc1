import Foundation
import TestSupport

/// The commands of `docs/operations.md`, section by section.
struct OperationsPage {
    private let lines: [Substring]

    init() throws {
        let page = BuiltProgram.package.appending(path: "docs/operations.md")
        lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The commands of a section and of those below it, without their comments, in the order of the page.
    func commands(of section: String) -> [String] {
        ReadmeSteps.blockSteps(of: text(of: section)).map(\.text)
    }

    /// The code blocks of a section as they stand.
    func blocks(of section: String) -> [String] {
        MarkdownCode(text(of: section)).indentedBlocks.map(\.text)
    }

    private func text(of section: String) -> String {
        lines.drop { $0 != "## \(section)" }.dropFirst().prefix { !$0.hasPrefix("## ") }.joined(separator: "\n") + "\n"
    }
}
