import BERT
import Glibc
import Kernels
import PostgresClient
import Serving

extension LabDatabase {
    /// The process that retrains a task, once its retraining is in the journal.
    func retrainingProcess() throws -> Int? {
        let row = try execute(
            """
            SELECT holder FROM lorikeet.leases
            WHERE EXISTS (SELECT FROM lorikeet.retrainings WHERE finished_at IS NULL)
            """
        ).first
        return try row?.text("holder").split(separator: " ").last.flatMap { Int($0) }
    }

    func emptyLabels() throws { try execute("TRUNCATE lorikeet.labels, lorikeet.messages") }

    /// Of labels and texts, with their indexes.
    func labelBytes() throws -> Int {
        try number(
            "SELECT pg_total_relation_size('lorikeet.labels') + pg_total_relation_size('lorikeet.messages')")
    }

    func storedRows(pipeline: String) throws -> Int {
        try number("SELECT count(*) FROM lorikeet.labels WHERE pipeline = $1", [.text(pipeline)])
    }

    /// Texts with a label of an adapter that no registry has, as if a daemon had stored them long ago.
    ///
    /// - Parameter count: of rows; texts are repeated.
    func storeTexts(_ texts: [String], count: Int, pipeline: String, task: String) throws {
        try execute(
            """
            INSERT INTO lorikeet.labels (
                pipeline, topic, "partition", "offset", task, produced_at, label, score, scores, adapter_digest, text)
            SELECT $1, 'stored', 0, n, $2, timestamptz '2026-01-01' + n * interval '1 second', 'label 0', 1, '{}',
                repeat('0', 64), ($3::text[])[1 + n % cardinality($3::text[])]
            FROM generate_series(0, $4::bigint - 1) AS n
            """, [.text(pipeline), .text(task), .texts(texts), .integer(Int64(count))])
    }

    /// How many of these have been relabelled.
    func relabelledRows(pipeline: String) throws -> Int {
        try number(
            "SELECT count(*) FROM lorikeet.labels WHERE pipeline = $1 AND adapter_digest <> repeat('0', 64)",
            [.text(pipeline)])
    }

    /// Rows per second between the first and the last commit of a pipeline; the rows of the first do not count.
    func storedPerSecond(pipeline: String) throws -> Double {
        let row = try execute(
            """
            WITH commits AS (
                SELECT pg_xact_commit_timestamp(xmin) AS at, count(*) AS n
                FROM lorikeet.labels WHERE pipeline = $1 GROUP BY 1)
            SELECT ((sum(n) - (SELECT n FROM commits ORDER BY at LIMIT 1))
                / extract(epoch FROM max(at) - min(at)))::float8 AS rate
            FROM commits
            """, [.text(pipeline)]
        ).first
        guard let rate = try row?.optionalDouble("rate") else {
            throw LabError("\(pipeline): everything was stored in one commit, so there is no rate; give more texts")
        }
        return rate
    }

    /// Milliseconds from a record's timestamp to the commit of its row: median and 99th percentile.
    ///
    /// - Parameter skipping: how many of the first texts do not count, because fetching has to start.
    func latency(pipeline: String, skipping: Int) throws -> (median: Double, p99: Double) {
        let row = try execute(
            """
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds) AS median,
                percentile_cont(0.99) WITHIN GROUP (ORDER BY milliseconds) AS p99
            FROM (
                SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - produced_at)::float8 * 1000 AS milliseconds
                FROM lorikeet.labels WHERE pipeline = $1 ORDER BY produced_at OFFSET $2) AS counted
            """, [.text(pipeline), .integer(Int64(skipping))]
        ).first
        guard let row else { throw LabError("\(pipeline): no rows") }
        return (try row.double("median"), try row.double("p99"))
    }
}
