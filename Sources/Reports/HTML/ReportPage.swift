import FoundationEssentials

/// A report as one HTML file that loads nothing: style and charts are in it, and it has no scripts.
public struct ReportPage {
    let title: String
    /// One line under the title.
    let subtitle: String
    /// The figures at the top.
    var tiles: [Tile] = []
    /// What a reader must know before the figures.
    var warnings: [String] = []
    var sections: [Section] = []
    /// The last line: program, version, time.
    var footer: String = ""

    /// One figure.
    struct Tile {
        let name: String
        let value: String
        var note = ""
    }

    /// A heading and its content.
    struct Section {
        var title: String
        /// What the reader sees and how to read it; may be empty.
        var note: Markup = .none
        let content: Markup
    }

    /// The whole file.
    public var html: String {
        let markup: Markup = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(title)</title>
            <style>\(ReportStyle.sheet)</style>
            </head>
            <body>
            <main>
            <header>
            <h1>\(title)</h1>
            <p class="sub">\(subtitle)</p>
            </header>
            \(Markup.joined(warnings.map { "<p class=\"warning\">\($0)</p>\n" }))\(tileList)
            \(Markup.joined(sections.map(Self.markup)))<footer>\(footer)</footer>
            </main>
            </body>
            </html>

            """
        return markup.source
    }

    private var tileList: Markup {
        guard !tiles.isEmpty else { return .none }
        let items = tiles.map { tile -> Markup in
            let note: Markup = tile.note.isEmpty ? .none : "<span class=\"tile-note\">\(tile.note)</span>"
            return """
                <li><span class="tile-name">\(tile.name)</span><span class="tile-value">\(tile.value)</span>\(note)</li>

                """
        }
        return "<ul class=\"tiles\">\n\(Markup.joined(items))</ul>"
    }

    private static func markup(_ section: Section) -> Markup {
        let note: Markup = section.note == .none ? .none : "<p class=\"note\">\(section.note)</p>\n"
        return "<section>\n<h2>\(section.title)</h2>\n\(note)\(section.content)\n</section>\n"
    }

    /// The footer of every page: the program's version and the time in UTC.
    static func footer(version: String) -> String {
        let time = Date().formatted(
            .iso8601.year().month().day().dateSeparator(.dash).dateTimeSeparator(.space)
                .time(includingFractionalSeconds: false))
        return "lorikeet \(version), \(time) UTC"
    }
}
