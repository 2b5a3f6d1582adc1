import Training

/// The rows behind a page's figures: how many there are, what was found in them, and how many each label has.
struct RowsSection {
    /// Rows that are used for one purpose.
    struct Side {
        let name: String
        /// The title of their column.
        let column: String
        let rows: [LabelledText]
    }

    /// The counts of the first side are drawn as bars and order the labels.
    let sides: [Side]
    /// One line per finding.
    let findings: [String]

    /// Rows that adapters were evaluated on.
    static func evaluated(_ rows: [LabelledText], side: RowsReport.Side) -> ReportPage.Section {
        RowsSection(
            sides: [Side(name: "evaluated rows", column: "rows", rows: rows)], findings: side.lines(of: "input")
        ).section
    }

    var section: ReportPage.Section {
        var list = DefinitionList()
        for side in sides { list.add(side.name, side.rows.count) }
        let items = findings.map { finding -> Markup in "<li>\(finding)</li>\n" }
        let notes: Markup = items.isEmpty ? .none : "<ul>\n\(Markup.joined(items))</ul>\n"
        return ReportPage.Section(title: "Rows", content: "\(list.markup)\(notes)\(labelTable)")
    }

    private var labelTable: Markup {
        let counts = sides.map { Self.counts($0.rows) }
        let drawn = counts.first ?? [:]
        let labels = counts.reduce(into: Set()) { $0.formUnion($1.keys) }.sorted {
            (drawn[$0] ?? 0, $1) > (drawn[$1] ?? 0, $0)
        }
        let most = Double(max(drawn.values.max() ?? 1, 1))
        let rows = labels.map { label -> Markup in
            let share = Figure.decimal(100 * Double(drawn[label] ?? 0) / most, 1)
            let others = counts.dropFirst().map { count -> Markup in "<td class=\"n\">\(count[label] ?? 0)</td>" }
            return """
                <tr><th scope="row">\(label)</th><td class="n"><span class="meter">\
                <b><i style="width:\(Markup.text(share))%"></i></b>\(drawn[label] ?? 0)</span></td>\
                \(Markup.joined(others))</tr>

                """
        }
        let columns = sides.map { side -> Markup in "<th class=\"n\">\(side.column)</th>" }
        let height: Markup = labels.count > 20 ? " tall" : .none
        return """
            <div class="scroll\(height)"><table><thead><tr><th>label</th>\(Markup.joined(columns))</tr></thead>
            <tbody>
            \(Markup.joined(rows))</tbody></table></div>

            """
    }

    private static func counts(_ rows: [LabelledText]) -> [String: Int] {
        var counts: [String: Int] = [:]
        for label in rows.flatMap(\.labels) { counts[label, default: 0] += 1 }
        return counts
    }
}
