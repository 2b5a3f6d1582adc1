extension Migration {
    /// Every promotion with its reason: a rollback gives a version a new one, and the version's row keeps the last.
    static let promotions = Migration(
        version: 19, name: "history of promotions",
        statements: [
            """
            CREATE TABLE lorikeet.promotions (
                id           bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                task         text         NOT NULL,
                version      integer      NOT NULL,
                digest       text         NOT NULL,
                promoted_at  timestamptz  NOT NULL,
                promoted_by  text,
                reason       text
            )
            """,
            "CREATE INDEX promotions_by_task_and_version ON lorikeet.promotions (task, version)",
            // Of versions that were live several times, only the last time is known.
            """
            INSERT INTO lorikeet.promotions (task, version, digest, promoted_at, promoted_by, reason)
            SELECT task, version, digest, promoted_at, promoted_by, promotion_reason
            FROM lorikeet.adapters WHERE promoted_at IS NOT NULL ORDER BY promoted_at
            """,
            recordPromotion, "REVOKE ALL ON FUNCTION lorikeet.record_promotion() FROM PUBLIC",
            """
            CREATE TRIGGER adapters_record_promotion
            AFTER UPDATE OF state ON lorikeet.adapters FOR EACH ROW
            WHEN (NEW.state = 'live' AND OLD.state <> 'live') EXECUTE FUNCTION lorikeet.record_promotion()
            """,
        ] + comments.map(\.statement))

    /// It runs as the owner of the schema: whoever may promote adds a row, and may not change one.
    private static let recordPromotion = """
        CREATE FUNCTION lorikeet.record_promotion() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            INSERT INTO lorikeet.promotions (task, version, digest, promoted_at, promoted_by, reason)
            VALUES (NEW.task, NEW.version, NEW.digest, NEW.promoted_at, NEW.promoted_by, NEW.promotion_reason);
            RETURN NULL;
        END $$
        """

    private static let comments = [
        SchemaComment(
            "promotions", nil,
            "One promotion or rollback: a version of an adapter went live. A trigger of adapters adds the rows, in the "
                + "same transaction, and none is changed."),
        SchemaComment("promotions", "id", "Number of the promotion."),
        SchemaComment("promotions", "task", "The task that the adapter labels for."),
        SchemaComment("promotions", "version", "Version of the adapter that went live; see adapters.version."),
        SchemaComment("promotions", "digest", "Digest of the adapter that went live; see adapters.digest."),
        SchemaComment("promotions", "promoted_at", "When it went live."),
        SchemaComment(
            "promotions", "promoted_by",
            "Who or what made it live: a person with host, a retraining with its number, or the pipeline file. Null "
                + "if that is unknown."),
        SchemaComment("promotions", "reason", "Why it was made live. Null if that is unknown."),
    ]
}
