extension Migration {
    /// What the texts were like when an adapter was trained or went live.
    static let drift = Migration(
        version: 5, name: "drift references",
        statements: [
            "ALTER TABLE lorikeet.adapters ADD COLUMN profile jsonb",
            // The centres are floats in base64, which hardly compress.
            "ALTER TABLE lorikeet.adapters ALTER COLUMN profile SET STORAGE EXTERNAL",
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "adapters", "profile",
            "The drift reference: counts per signal, and the centres of the labels. No texts. Null until the adapter "
                + "is live and has labelled 2,500 texts, if training did not make one.")
    ]
}
