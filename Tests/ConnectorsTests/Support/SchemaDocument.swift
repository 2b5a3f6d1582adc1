/// The schema as the catalogue describes it, rendered as `docs/schema.md`.
struct SchemaDocument {
    struct Column: Equatable {
        let name: String
        let type: String
        let isNullable: Bool
        /// As SQL, such as `now()`; nil if there is none.
        let defaultValue: String?
        let comment: String?
    }

    struct Table {
        let name: String
        let comment: String?
        let columns: [Column]
        /// The primary key first, then other constraints, then indexes.
        let keys: [Key]
    }

    /// A constraint or an index.
    struct Key: Equatable {
        let name: String
        /// As SQL.
        let definition: String
    }

    let version: Int
    let tables: [Table]

    var markdown: String {
        let links = tables.map { "[`\($0.name)`](#\($0.name))" }
        return (Self.introduction(version: version, links: links) + tables.flatMap(section)).joined(separator: "\n")
            + "\n"
    }

    private static let view =
        "The view `labelled_texts` has every column of `labels`, with the texts of `messages`: read texts "
        + "there. The view `annotation_queue` reads it and some of `annotations`. PostgreSQL alters no column "
        + "that a view reads. To alter one, such as the type of `text`, drop both views first. `lorikeet "
        + "migrate` creates them again, and does the same around steps of its own. Roles that may read `labels` "
        + "may read the views. Your own view over one of them keeps it from being dropped: a step that "
        + "alters such a column then fails, and its error names your view."

    private static func introduction(version: Int, links: [String]) -> [String] {
        [
            "# Database schema", "",
            "`lorikeet migrate` creates these tables in the PostgreSQL schema `lorikeet`, version \(version).",
            "Names, columns and types are a contract: later versions add to them, and rename or remove nothing.", "",
            "The meanings are the comments in the database, which `\\d+ lorikeet.labels` shows in psql.",
            "A test compares this page with them. After a migration, update it:", "",
            "    LORIKEET_UPDATE_DOCUMENTS=1 make test FILTER=SchemaDocumentTests", "",
        ] + wrapped(view) + [""] + links.map { "- " + $0 } + [""]
    }

    private func section(_ table: Table) -> [String] {
        var lines = ["## \(table.name)", ""]
        if let comment = table.comment { lines += Self.wrapped(comment) + [""] }
        lines += ["| column | type | null | default | meaning |", "|---|---|---|---|---|"]
        lines += table.columns.map(row)
        lines += ["", "| constraint or index | definition |", "|---|---|"]
        lines += table.keys.map { Self.row(["`\($0.name)`", "`\($0.definition)`"]) }
        return lines + [""]
    }

    private func row(_ column: Column) -> String {
        Self.row([
            "`\(column.name)`", column.type, column.isNullable ? "yes" : "no",
            column.defaultValue.map { "`\($0)`" } ?? "", column.comment ?? "",
        ])
    }

    /// One line, whatever line breaks PostgreSQL prints.
    private static func row(_ cells: [String]) -> String {
        let texts = cells.map { cell in
            cell.split(whereSeparator: \.isWhitespace).joined(separator: " ").replacing("|", with: "\\|")
        }
        return "| " + texts.joined(separator: " | ") + " |"
    }

    /// Breaks a sentence into lines that fit beside code.
    static func wrapped(_ text: String, width: Int = 118) -> [String] {
        text.split(separator: " ").reduce(into: [String]()) { lines, word in
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
    }
}
