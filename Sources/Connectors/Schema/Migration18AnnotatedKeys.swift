extension Migration {
    /// Whose record an annotation is of.
    static let annotatedKeys = Migration(
        version: 18, name: "hashes of keys of annotations",
        statements: [
            "ALTER TABLE lorikeet.annotations ADD COLUMN key_hash bytea",
            keyHash, "REVOKE ALL ON FUNCTION lorikeet.hash_record_key() FROM PUBLIC",
            """
            CREATE TRIGGER annotations_hash_record_key
            BEFORE INSERT OR UPDATE OF topic, "partition", "offset", text ON lorikeet.annotations
            FOR EACH ROW EXECUTE FUNCTION lorikeet.hash_record_key()
            """,
            // The trigger finds the keys of the rows that are there.
            "UPDATE lorikeet.annotations SET topic = topic WHERE topic IS NOT NULL",
        ] + comments.map(\.statement))

    /// Retention removes the rows that know a record's key and keeps the annotation, and then nothing else would tell
    /// whose text that is. A hash is enough to recognize a key, and shows none to annotators.
    ///
    /// It runs as the owner of the schema, so that whoever may annotate needs no right to read labels. An annotation
    /// names no pipeline: the primary key is asked for each. A record of another life of the topic has another text.
    private static let keyHash = """
        CREATE FUNCTION lorikeet.hash_record_key() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE hash bytea;
        BEGIN
            IF TG_OP = 'UPDATE' AND (OLD.topic, OLD."partition", OLD."offset", OLD.text)
                IS DISTINCT FROM (NEW.topic, NEW."partition", NEW."offset", NEW.text)
            THEN
                NEW.key_hash := NULL;
            END IF;
            IF NEW.topic IS NULL OR NEW."partition" IS NULL OR NEW."offset" IS NULL THEN
                RETURN NEW;
            END IF;
            WITH RECURSIVE pipelines AS (
                (SELECT l.pipeline FROM lorikeet.labels AS l ORDER BY l.pipeline LIMIT 1)
                UNION ALL
                SELECT (
                    SELECT l.pipeline FROM lorikeet.labels AS l WHERE l.pipeline > p.pipeline
                    ORDER BY l.pipeline LIMIT 1)
                FROM pipelines AS p WHERE p.pipeline IS NOT NULL
            )
            SELECT sha256(r.message_key) INTO hash
            FROM pipelines AS p CROSS JOIN LATERAL (
                SELECT l.message_key, l.produced_at
                FROM lorikeet.labels AS l
                LEFT JOIN lorikeet.messages AS m USING (pipeline, topic, "partition", "offset", produced_at)
                WHERE l.pipeline = p.pipeline AND l.topic = NEW.topic AND l."partition" = NEW."partition"
                    AND l."offset" = NEW."offset" AND coalesce(m.text, l.text, NEW.text) = NEW.text
                ORDER BY l.produced_at DESC LIMIT 1) AS r
            WHERE r.message_key IS NOT NULL
            ORDER BY r.produced_at DESC LIMIT 1;
            NEW.key_hash := coalesce(hash, NEW.key_hash);
            RETURN NEW;
        END $$
        """

    private static let comments = [
        SchemaComment(
            "annotations", "key_hash",
            "SHA-256 of the key of the record that the row names, from labels. A trigger sets it. lorikeet forget "
                + "finds the row by it once the record's own rows are gone. Null if the record has no key or is not "
                + "known.")
    ]
}
