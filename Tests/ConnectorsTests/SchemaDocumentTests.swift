import Foundation
import PostgresClient
import Testing

@testable import Connectors

/// `docs/schema.md` says what a migrated database says.
@Suite struct SchemaDocumentTests {
    private static let page = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs/schema.md")

    @Test func theSchemaPageMatchesTheDatabase() async throws {
        let database = try await SchemaDatabase.make()
        let tables = try Self.tables(of: database)
        let markdown = SchemaDocument(version: Schema.expectedVersion, tables: tables).markdown
        if ProcessInfo.processInfo.environment["LORIKEET_UPDATE_DOCUMENTS"] == "1" {
            try markdown.write(to: Self.page, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: Self.page, encoding: .utf8).split(separator: "\n")
        let expected = markdown.split(separator: "\n")
        for (number, lines) in zip(written, expected).enumerated() where lines.0 != lines.1 {
            Issue.record("docs/schema.md, text line \(number + 1): \(lines.0)\nthe database says: \(lines.1)")
        }
        #expect(written.count == expected.count, "run it with LORIKEET_UPDATE_DOCUMENTS=1")
    }

    @Test func everyTableAndColumnHasAComment() async throws {
        let tables = try Self.tables(of: try await SchemaDatabase.make())
        #expect(tables.filter { $0.comment == nil }.map(\.name) == [])
        for table in tables {
            #expect(table.columns.filter { $0.comment == nil }.map(\.name) == [], "\(table.name)")
        }
        #expect(tables.map(\.name).contains("labels"))
    }

    private static func tables(of database: SchemaDatabase) throws -> [SchemaDocument.Table] {
        try database.sql(tableQuery).map { row in
            let name = try row.text("name")
            return SchemaDocument.Table(
                name: name, comment: try row.optionalText("comment"),
                columns: try database.sql(columnQuery, with: [.text(name)]).map(column),
                keys: try database.sql(keyQuery, with: [.text(name)]).map(key))
        }
    }

    private static func column(_ row: PostgresRow) throws -> SchemaDocument.Column {
        SchemaDocument.Column(
            name: try row.text("name"), type: try row.text("type"), isNullable: try row.boolean("nullable"),
            defaultValue: try row.optionalText("default"), comment: try row.optionalText("comment"))
    }

    private static func key(_ row: PostgresRow) throws -> SchemaDocument.Key {
        SchemaDocument.Key(name: try row.text("name"), definition: try row.text("definition"))
    }

    /// Tables in the order in which the migrations made them, and the record of the migrations last.
    private static let tableQuery = """
        SELECT relname::text AS name, obj_description(oid, 'pg_class') AS comment
        FROM pg_class WHERE relnamespace = 'lorikeet'::regnamespace AND relkind = 'r'
        ORDER BY relname = 'schema_migrations', oid
        """

    private static let columnQuery = """
        SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
            CASE WHEN a.attidentity <> '' THEN 'identity' ELSE pg_get_expr(d.adbin, d.adrelid) END AS default,
            col_description(a.attrelid, a.attnum) AS comment
        FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = ('lorikeet.' || $1)::regclass AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum
        """

    /// Constraints, then the indexes that make none.
    private static let keyQuery = """
        SELECT name, definition FROM (
            SELECT conname::text AS name, pg_get_constraintdef(oid, true) AS definition,
                array_position('{p,u,c}'::text[], contype::text) AS rank
            FROM pg_constraint WHERE conrelid = ('lorikeet.' || $1)::regclass AND contype IN ('p', 'u', 'c')
            UNION ALL
            SELECT c.relname::text, pg_get_indexdef(i.indexrelid), 4
            FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
            WHERE i.indrelid = ('lorikeet.' || $1)::regclass
                AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid)
        ) AS keys ORDER BY rank, name
        """
}
