import JSON

/// The tables of keys in `docs/pipeline-file.md`: generated text between two markers each.
enum KeyTable {
    /// A page with its tables generated again; nil where a marker names no mapping, or has no end.
    static func rewrite(_ page: String) -> String? {
        var lines: [Substring] = []
        var isInside = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == endMarker {
                guard isInside else { return nil }
                isInside = false
            }
            if !isInside { lines.append(line) }
            guard line.hasPrefix(beginMarker), line.hasSuffix(" -->") else { continue }
            let path = line.dropFirst(beginMarker.count).dropLast(4)
            guard !isInside, let section = PipelineKeys.sections.first(where: { $0.title == path }) else { return nil }
            isInside = true
            lines += section.table.split(separator: "\n")
        }
        return isInside ? nil : lines.joined(separator: "\n")
    }

    private static let beginMarker = "<!-- keys: "
    static let endMarker = "<!-- end of keys -->"

    /// The line above the table of a mapping.
    static func marker(of section: SettingSection) -> String { "\(beginMarker)\(section.title) -->" }
}

extension SettingSection {
    fileprivate var title: String { path.isEmpty ? "top level" : path }

    fileprivate var table: String {
        let rows = settings.map { setting in
            "| `\(path(of: setting))` | \(setting.summary) | \(setting.words) | \(setting.absence.cell) |"
        }
        return (["| key | meaning | values | default |", "|---|---|---|---|"] + rows).joined(separator: "\n")
    }
}

extension SettingDeclaration.Absence {
    fileprivate var cell: String {
        switch self {
        case .error: "required"
        case .value(.string(let text)): "`\(text)`"
        case .value(let value): "`\(value.text)`"
        case .meaning(let words): words
        }
    }
}
