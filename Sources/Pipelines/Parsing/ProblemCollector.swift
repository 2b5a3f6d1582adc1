/// Collects what is wrong with one file while it is read, so that all of it is reported at once.
final class ProblemCollector {
    let file: String
    private(set) var problems: [ConfigurationProblem] = []
    /// The line of every key that was read, by its path.
    private(set) var lines: [String: Int] = [:]

    init(file: String) { self.file = file }

    func add(line: Int?, key: String?, _ message: String) {
        problems.append(ConfigurationProblem(file: file, line: line, key: key, message: message))
    }

    func note(line: Int, of path: String) { lines[path] = line }

    /// All problems in the order of their lines; those of one line in the order they were found.
    var error: ConfigurationError? {
        guard !problems.isEmpty else { return nil }
        let ordered = problems.enumerated().sorted {
            ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset)
        }
        return ConfigurationError(ordered.map(\.element))
    }
}
