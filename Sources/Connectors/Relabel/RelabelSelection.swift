import FoundationEssentials
import PostgresClient

/// Selects the rows of a pipeline whose labels are not those of the live adapters. A criterion that is nil selects all.
public struct RelabelSelection: Sendable, Equatable {
    /// What a row of a task has once it is relabelled.
    public struct Target: Sendable, Equatable {
        /// The task.
        public var task: String
        /// Digest of its live adapter.
        public var digest: String
        /// Type in which the base computes.
        public var dtype: String

        /// - Parameters: as the properties.
        public init(task: String, digest: String, dtype: String) {
            (self.task, self.digest, self.dtype) = (task, digest, dtype)
        }
    }

    /// The pipeline's name.
    public var pipeline: String
    /// One per task. Rows of other tasks are not selected.
    public var targets: [Target]
    /// Texts produced at this time or later.
    public var since: Date?
    /// Texts produced before this time.
    public var until: Date?
    /// First digits of the digest of the adapter that gave the label.
    public var adapterDigest: String?
    /// Adapters that were live when this run began and are not any more. What they gave since then is selected too.
    public var formerDigests: [String] = []
    /// When this run began, by the database's clock.
    public var startedAt: Date?

    /// Every row of the targets' tasks.
    public init(pipeline: String, targets: [Target]) { (self.pipeline, self.targets) = (pipeline, targets) }

    /// Over `l`, a row of `labels`, with ``parameters`` as $1 … $9.
    ///
    /// A record without a timestamp counts as produced when it was labelled. No text is labelled before it is produced:
    /// the bound on `labelled_at`, with a day for clocks that differ, lets the index by time find new rows in an old
    /// table.
    static let isDue = """
        l.pipeline = $1
            AND EXISTS (
                SELECT FROM unnest($2::text[], $3::text[], $4::text[]) AS v(task, digest, dtype)
                WHERE v.task = l.task
                    AND (v.digest <> l.adapter_digest OR v.dtype <> coalesce(l.dtype, 'float32')))
            AND (
                ($5::double precision IS NULL
                    OR l.labelled_at >= to_timestamp($5) - interval '1 day' AND \(producedAt) >= to_timestamp($5))
                AND ($6::double precision IS NULL OR \(producedAt) < to_timestamp($6))
                AND ($7::text IS NULL OR starts_with(l.adapter_digest, $7))
                OR l.labelled_at >= to_timestamp($9::double precision) AND l.adapter_digest = ANY ($8::text[]))
        """

    private static let producedAt =
        "CASE WHEN l.produced_at = timestamptz 'epoch' THEN l.labelled_at ELSE l.produced_at END"

    var parameters: [PostgresValue] {
        [
            .text(pipeline), .texts(targets.map(\.task)), .texts(targets.map(\.digest)), .texts(targets.map(\.dtype)),
            ExactTime.parameter(since), ExactTime.parameter(until), adapterDigest.map(PostgresValue.text) ?? .null,
            .texts(formerDigests), .double(startedAt?.timeIntervalSince1970 ?? .infinity),
        ]
    }
}
