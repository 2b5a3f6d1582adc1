import Serving

/// The labels of challengers in shadow. They are stored with the labels of their texts, in the same transaction.
extension LabelStatements {
    /// No statement where no challenger is in shadow.
    func upsertShadowLabels(_ messages: ArraySlice<LabelledMessage>) throws {
        let messages = messages.filter { !$0.shadows.isEmpty }
        for chunk in Chunks(messages[...], weight: { 200 * $0.shadows.count }) {
            try connection.execute(
                Self.upsertShadowLabels, ShadowLabelColumns(chunk).parameters(pipeline: pipeline))
        }
    }

    private static let upsertShadowLabels = """
        INSERT INTO lorikeet.shadow_labels (
            pipeline, topic, "partition", "offset", task, produced_at, label, labels, score, scores, abstained,
            adapter_digest, champion_digest, champion_score, change, dtype)
        SELECT $1, r.topic, r."partition", r."offset", r.task, r.produced_at, r.label, r.labels::text[], r.score,
            r.scores::jsonb, r.abstained, r.adapter_digest, r.champion_digest, r.champion_score, r.change,
            r.dtype
        FROM unnest(
            $2::text[], $3::integer[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
            $9::double precision[], $10::text[], $11::boolean[], $12::text[], $13::text[], $14::double precision[],
            $15::text[], $16::text[])
            AS r(topic, "partition", "offset", task, produced_at, label, labels, score, scores, abstained,
                adapter_digest, champion_digest, champion_score, change, dtype)
        ON CONFLICT (pipeline, topic, "partition", "offset", task, produced_at) DO UPDATE SET
            label = excluded.label, labels = excluded.labels, score = excluded.score, scores = excluded.scores,
            abstained = excluded.abstained, adapter_digest = excluded.adapter_digest,
            champion_digest = excluded.champion_digest, champion_score = excluded.champion_score,
            change = excluded.change, dtype = excluded.dtype, labelled_at = excluded.labelled_at
        """
}
