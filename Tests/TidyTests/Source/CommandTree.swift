import Foundation

/// A command of the program as its parser knows it: read from the parser's own description, because options come from
/// groups, flags have inversions and names are derived, which no reader of the declarations would get right.
struct CommandTree: Decodable, Sendable {
    struct Argument: Decodable, Sendable {
        struct Name: Decodable, Sendable {
            let kind: String
            let name: String
        }
        let names: [Name]?
    }

    let commandName: String
    var subcommands: [CommandTree]?
    var arguments: [Argument]?
    /// The text of its help below the abstract.
    var discussion: String?

    /// - Parameter dump: what `lorikeet --experimental-dump-help` prints.
    init(dump: String) throws {
        struct Dump: Decodable { let command: CommandTree }
        self = try JSONDecoder().decode(Dump.self, from: Data(dump.utf8)).command
    }

    /// A tree of samples, for the tests of the rules.
    init(_ name: String, options: [String] = [], discussion: String? = nil, _ subcommands: [CommandTree] = []) {
        (commandName, self.discussion) = (name, discussion)
        self.subcommands = subcommands
        arguments = options.map { Argument(names: [Argument.Name(kind: "long", name: $0)]) }
    }

    func subcommand(_ name: String) -> CommandTree? { subcommands?.first { $0.commandName == name } }

    /// The long options of this command, without dashes.
    var options: Set<String> {
        let names = (arguments ?? []).flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map(\.name)
        return Set(names).union(Self.everywhere)
    }

    /// The long options of this command and of all below it.
    var allOptions: Set<String> { (subcommands ?? []).reduce(options) { $0.union($1.allOptions) } }

    /// Lines of this command's help, and of that of all below it, that the parser would break in the middle: it wraps
    /// after so many columns, and leaves the rest of the line as a line of its own.
    func linesOfHelp(longerThan columns: Int, path: String = "") -> [String] {
        let path = path + commandName
        let lines = (discussion ?? "").split(separator: "\n").map(String.init).filter { $0.count > columns }
        return lines.map { "`\(path)`: \($0)" }
            + (subcommands ?? []).flatMap { $0.linesOfHelp(longerThan: columns, path: path + " ") }
    }

    /// What swift-argument-parser adds to every command.
    private static let everywhere: Set<String> = [
        "help", "help-hidden", "version", "generate-completion-script", "experimental-dump-help",
    ]

    /// What is wrong with a command line that begins with the program's name; nil if it parses.
    ///
    /// Forms such as `lorikeet adapters list | show` and `[--json]` are read as far as they are commands.
    func problem(with line: String) -> String? {
        var command = self
        var path = commandName
        var isAtCommand = true
        for word in Self.words(of: line).dropFirst() {
            if word.hasPrefix("--"), word.count > 2 {
                let name = word.dropFirst(2).prefix { $0.isLetter || $0.isNumber || $0 == "-" }
                if !command.options.contains(String(name)) { return "`\(path)` has no option --\(name)" }
                isAtCommand = false
            } else if isAtCommand, let next = command.subcommand(word) {
                command = next
                path += " " + word
            } else {
                let isName = !word.isEmpty && word.allSatisfy { $0.isLowercase || $0 == "-" } && word.first != "-"
                if isAtCommand, isName, command.subcommands?.isEmpty == false {
                    return "`\(path)` has no command \(word)"
                }
                isAtCommand = false
            }
        }
        return nil
    }

    /// The words of the first command of a line, without comments, redirections, and the brackets of forms.
    private static func words(of line: String) -> [String] {
        var words: [String] = []
        var depth = 0
        for word in line.split(separator: " ") {
            if word.hasPrefix("#") || ["&&", ";", "&", "\\"].contains(word) || word.hasPrefix("2>") { break }
            if word == "|", depth == 0 { break }
            if word.first == ">" || word.first == "<" && word.count == 1 { break }
            depth += word.count { "[(".contains($0) } - word.count { ")]".contains($0) }
            words.append(word.trimmingCharacters(in: CharacterSet(charactersIn: "[]();,'\"")))
        }
        return words
    }
}
