extension YAMLNode {
    /// Parses the text of a pipeline file; a syntax error becomes a `ConfigurationProblem`.
    ///
    /// libyaml stops at the first error. So that one error does not hide the others, each top-level key is then parsed
    /// by itself, and what can be read of the file is checked all the same.
    struct Document {
        private let text: String
        private let problems: ProblemCollector
        /// The lines of the text, without line ends.
        private let lines: [Substring]

        /// The document's root, or what can be read of it; nil where there is nothing.
        ///
        /// - Parameter problems: gets every syntax error, and whether the root lacks keys that the file has.
        static func root(of text: String, problems: ProblemCollector) -> YAMLNode? {
            let text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
            do {
                return try YAMLNode.parse(text)
            } catch {
                let document = Document(text: text, problems: problems)
                document.add(error)
                return document.readableKeys(besides: error)
            }
        }

        private init(text: String, problems: ProblemCollector) {
            (self.text, self.problems) = (text, problems)
            lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        }

        private func add(_ error: YAMLError) {
            let hint = error.position.map { self.hint(line: $0.line) } ?? ""
            problems.add(at: error.position, key: nil, "not valid YAML: \(error.problem)" + hint)
        }

        /// The usual mistakes behind a syntax error of that line.
        private func hint(line: Int) -> String {
            guard lines.indices.contains(line - 1) else { return "" }
            let content = lines[line - 1]
            if content.contains("\t") { return " (indent with spaces, not with tabs)" }
            if content.contains("${") { return " (put ${…} in double quotes)" }
            return ""
        }

        /// The top-level keys that are valid YAML by themselves.
        ///
        /// - Parameter first: the error that is reported already: the one of the first key that cannot be parsed.
        private func readableKeys(besides first: YAMLError) -> YAMLNode? {
            problems.lacksKeys = true
            var pairs: [(key: YAMLNode, value: YAMLNode)] = []
            var errors: [YAMLError] = []
            for block in blocks {
                do throws(YAMLError) {
                    guard case .mapping(let block)? = try YAMLNode.parse(alone(block))?.content else { continue }
                    pairs += block
                } catch {
                    errors.append(error)
                }
            }
            // An anchor may stand in another block, and is not missing then.
            let others = errors.filter { $0.problem != YAMLError.undefinedAlias }
            for error in others.dropFirst(first.problem == YAMLError.undefinedAlias ? 0 : 1) { add(error) }
            guard !errors.isEmpty, !pairs.isEmpty else { return nil }
            return YAMLNode(content: .mapping(pairs), position: TextPosition(line: 1, column: 1))
        }

        /// The lines of each top-level key; none if there are others than the known keys, or one key only.
        private var blocks: [Range<Int>] {
            let starts = lines.indices.filter { index in
                PipelineKeys.section.keys.contains { lines[index].hasPrefix("\($0):") }
            }
            guard starts.count > 1, starts.count <= 2 * PipelineKeys.section.keys.count else { return [] }
            return zip([0] + starts.dropFirst(), starts.dropFirst() + [lines.count]).map { $0..<$1 }
        }

        /// The text with nothing but these lines, each on the line where it stands.
        private func alone(_ block: Range<Int>) -> String {
            String(repeating: "\n", count: block.lowerBound) + lines[block].joined(separator: "\n") + "\n"
        }
    }
}
