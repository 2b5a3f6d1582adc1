import ArgumentParser
import Files
import Operations

/// `--output` and `--name` of benchmarks that write a section of the page of `make benchmark-learning`.
struct SectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Also write the figures as a section in Markdown.", valueName: "file"), completion: .file())
    var output: String?

    @Option(help: ArgumentHelp("Name of the data set in that section.", valueName: "name"))
    var name = "input"

    /// Writes the section if it is asked for.
    func write(_ section: @autoclosure () -> String) throws {
        if let output { try Self.replace(output, with: section()) }
    }

    /// Writes a whole file.
    static func replace(_ path: String, with text: String) throws {
        do { try AtomicFile(path: path).replace(text.utf8) } catch {
            throw CommandFailure(.failed, "\(path): \(error)")
        }
    }
}
