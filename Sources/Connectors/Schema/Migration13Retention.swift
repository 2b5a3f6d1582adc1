extension Migration {
    /// What retention reads by, and the monthly partitions of a partitioned schema.
    ///
    /// `CREATE INDEX` blocks writers while it reads a large table. Whoever cannot pause creates the index before, with
    /// `CONCURRENTLY` and the same name.
    static let retention = Migration(
        version: 13, name: "retention",
        statements: [
            // The index by blocks, labels_by_time, ends to help once rows are deleted and their blocks used again.
            "CREATE INDEX IF NOT EXISTS labels_by_task_and_time ON lorikeet.labels (task, labelled_at)",
            "CREATE INDEX IF NOT EXISTS messages_by_time ON lorikeet.messages (pipeline, stored_at)",
            """
            CREATE INDEX IF NOT EXISTS labels_history_by_pipeline_and_time
                ON lorikeet.labels_history (pipeline, replaced_at)
            """,
            "CREATE INDEX IF NOT EXISTS shadow_labels_by_time ON lorikeet.shadow_labels (pipeline, labelled_at)",
            "CREATE INDEX IF NOT EXISTS rejected_by_pipeline_and_time ON lorikeet.rejected (pipeline, rejected_at)",
            makePartitions, dropPartition, grants,
        ])

    /// A daemon's role may create nothing, so it calls these functions, which run as the owner of the schema.
    ///
    /// The new table is filled and checked before it is attached: that blocks no one but writers of the default
    /// partition. Rows of the month that came too early move out of there, if they are few.
    private static let makePartitions = """
        CREATE FUNCTION lorikeet.make_partitions(first timestamptz, last timestamptz) RETURNS SETOF text
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
        DECLARE
            parent text; part text; place text; early integer;
            month timestamp := date_trunc('month', first AT TIME ZONE 'UTC');
            final timestamp := date_trunc('month', last AT TIME ZONE 'UTC');
            bounds text;
        BEGIN
            IF final > month + interval '10 years' THEN
                RAISE EXCEPTION 'more than ten years of partitions' USING ERRCODE = '22023';
            END IF;
            WHILE month <= final LOOP
                FOREACH parent IN ARRAY ARRAY['labels', 'messages'] LOOP
                    part := parent || to_char(month, '_YYYY_MM');
                    place := parent || '_default';
                    CONTINUE WHEN to_regclass('lorikeet.' || part) IS NOT NULL OR NOT EXISTS (
                        SELECT FROM pg_class WHERE oid = to_regclass('lorikeet.' || parent) AND relkind = 'p');
                    bounds := format('produced_at >= %L AND produced_at < %L', month AT TIME ZONE 'UTC',
                        (month + interval '1 month') AT TIME ZONE 'UTC');
                    EXECUTE format('LOCK TABLE lorikeet.%I IN ACCESS EXCLUSIVE MODE', place);
                    EXECUTE format(
                        'SELECT count(*) FROM (SELECT FROM lorikeet.%I WHERE %s LIMIT 10001) AS rows', place, bounds)
                        INTO early;
                    IF early > 10000 THEN
                        RAISE WARNING 'lorikeet.% is not made: the default partition has too many of its rows', part;
                        CONTINUE;
                    END IF;
                    EXECUTE format('CREATE TABLE lorikeet.%I (LIKE lorikeet.%I INCLUDING ALL)', part, parent);
                    EXECUTE format('ALTER TABLE lorikeet.%I ADD CONSTRAINT bounds CHECK (%s)', part, bounds);
                    EXECUTE format(
                        'WITH moved AS (DELETE FROM lorikeet.%I WHERE %s RETURNING *) '
                        'INSERT INTO lorikeet.%I SELECT * FROM moved', place, bounds, part);
                    EXECUTE format('ALTER TABLE lorikeet.%I ATTACH PARTITION lorikeet.%I FOR VALUES FROM (%L) TO (%L)',
                        parent, part, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
                    EXECUTE format('ALTER TABLE lorikeet.%I DROP CONSTRAINT bounds', part);
                    RETURN NEXT part;
                END LOOP;
                month := month + interval '1 month';
            END LOOP;
        END $$
        """

    /// Drops a monthly partition all of whose rows belong to the pipeline and are older than the age.
    ///
    /// It looks twice, by indexes: first while others write, and then with all of them locked out. It waits for that
    /// lock for at most a second, because writers queue behind it. A record that waits in the outbox keeps its month.
    private static let dropPartition = """
        CREATE FUNCTION lorikeet.drop_partition(part text, pipeline text, seconds double precision) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
        DECLARE
            parent text := substring(part FROM '^(labels|messages)_[0-9]{4}_[0-9]{2}$');
            month timestamp;
            cutoff timestamptz := now() - seconds * interval '1 second';
            look text := format(
                'SELECT EXISTS (SELECT FROM lorikeet.%1$I WHERE pipeline < $1) '
                'OR EXISTS (SELECT FROM lorikeet.%1$I WHERE pipeline > $1) '
                'OR EXISTS (SELECT FROM lorikeet.%1$I WHERE %2$I >= $2 AND pipeline = $1)',
                part, CASE parent WHEN 'labels' THEN 'labelled_at' ELSE 'stored_at' END);
            is_kept boolean; dropped bigint;
        BEGIN
            IF parent IS NULL OR seconds IS NULL OR seconds < 0 OR NOT EXISTS (
                SELECT FROM pg_inherits WHERE inhrelid = to_regclass('lorikeet.' || part)
                    AND inhparent = to_regclass('lorikeet.' || parent)
            ) THEN
                RETURN NULL;
            END IF;
            month := to_date(right(part, 7), 'YYYY_MM');
            IF (month + interval '1 month') AT TIME ZONE 'UTC' > cutoff THEN RETURN NULL; END IF;
            EXECUTE look INTO is_kept USING pipeline, cutoff;
            IF is_kept THEN RETURN NULL; END IF;
            EXECUTE format('SELECT count(*) FROM lorikeet.%I', part) INTO dropped;
            EXECUTE format('LOCK TABLE ONLY lorikeet.%I IN ACCESS EXCLUSIVE MODE', parent);
            EXECUTE format('LOCK TABLE lorikeet.%I IN ACCESS EXCLUSIVE MODE', part);
            EXECUTE look INTO is_kept USING pipeline, cutoff;
            IF is_kept OR EXISTS (
                SELECT FROM lorikeet.outbox AS o WHERE o.produced_at >= month AT TIME ZONE 'UTC'
                    AND o.produced_at < (month + interval '1 month') AT TIME ZONE 'UTC'
            ) THEN
                RETURN NULL;
            END IF;
            EXECUTE format('DROP TABLE lorikeet.%I', part);
            RETURN dropped;
        END $$
        """

    /// Roles that write labels, such as that of a daemon, keep and delete their rows too, without another grant.
    private static let grants = """
        DO $$
        DECLARE grantee text;
        BEGIN
            REVOKE ALL ON FUNCTION lorikeet.make_partitions(timestamptz, timestamptz),
                lorikeet.drop_partition(text, text, double precision) FROM PUBLIC;
            FOR grantee IN
                SELECT DISTINCT a.grantee::regrole::text
                FROM pg_class AS c, aclexplode(c.relacl) AS a
                WHERE c.oid = 'lorikeet.labels'::regclass AND a.privilege_type = 'DELETE' AND a.grantee <> 0
            LOOP
                EXECUTE 'GRANT EXECUTE ON FUNCTION lorikeet.make_partitions(timestamptz, timestamptz), '
                    'lorikeet.drop_partition(text, text, double precision) TO ' || grantee;
                EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON lorikeet.labels_history TO ' || grantee;
            END LOOP;
        END $$
        """
}
