/// Collects what is wrong with one file while it is read, so that all of it is reported at once.
final class ProblemCollector {
    let file: String
    private(set) var problems: [ConfigurationProblem] = []
    /// The place of every key that was read, by its path.
    private(set) var positions: [String: TextPosition] = [:]
    /// Whether the file may have top-level keys that could not be parsed, so that none is missing for certain.
    var lacksKeys = false

    init(file: String) { self.file = file }

    func add(at position: TextPosition?, key: String?, _ message: String) {
        problems.append(ConfigurationProblem(file: file, at: position, key: key, message: message))
    }

    func note(_ position: TextPosition, of path: String) { positions[path] = position }

    /// All problems in the order of their lines; those of one line in the order they were found.
    var error: ConfigurationError? {
        guard !problems.isEmpty else { return nil }
        let ordered = problems.enumerated().sorted {
            ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset)
        }
        return ConfigurationError(ordered.map(\.element))
    }
}
