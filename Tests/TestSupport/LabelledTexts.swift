/// The view of labels with their texts, for tests of what reads it.
public enum LabelledTexts {
    /// Creates the view where the schema does not have it.
    public static func create(_ execute: (String) throws -> Void) rethrows {
        try execute(
            """
            DO $$ BEGIN
                IF to_regclass('lorikeet.labelled_texts') IS NULL THEN
                    CREATE VIEW lorikeet.labelled_texts AS SELECT * FROM lorikeet.labels;
                END IF;
            END $$
            """)
    }

    /// Removes texts, wherever they are stored.
    public static func forget(where condition: String, _ execute: (String) throws -> Void) rethrows {
        try execute("UPDATE lorikeet.labels SET text = NULL WHERE \(condition)")
        try execute(
            """
            DO $$ BEGIN
                IF to_regclass('lorikeet.messages') IS NOT NULL THEN
                    DELETE FROM lorikeet.messages WHERE \(condition);
                END IF;
            END $$
            """)
    }
}
