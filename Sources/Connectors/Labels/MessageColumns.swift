import PostgresClient
import Serving

/// Rows of `messages`, as columns: one row per message with a text, whatever the number of its tasks.
struct MessageColumns {
    private var keys = KeyColumns()
    private var messageKeys: [[UInt8]?] = []
    private var texts: [String?] = []

    init(_ messages: ArraySlice<LabelledMessage>) {
        for message in messages {
            guard let text = message.text, !message.labels.isEmpty else { continue }
            keys.append(message.message)
            messageKeys.append(message.message.key)
            texts.append(StorableText.text(text))
        }
    }

    /// Topic, partition, offset, time, message key, text.
    var values: [PostgresValue] { keys.origin + [keys.time, .byteStrings(messageKeys), .texts(texts)] }

    /// The statement that stores ``values``, as a part of the one that stores the labels. `$1` is the pipeline.
    ///
    /// - Parameter first: the number of the first value.
    static func upsert(from first: Int) -> String {
        let arrays = ["text", "integer", "bigint", "timestamptz", "bytea", "text"].enumerated()
            .map { "$\(first + $0)::\($1)[]" }
        return """
            INSERT INTO lorikeet.messages (pipeline, topic, "partition", "offset", produced_at, message_key, text)
            SELECT $1, t.topic, t."partition", t."offset", t.produced_at, t.message_key, t.text
            FROM unnest(\(arrays.joined(separator: ", ")))
                AS t(topic, "partition", "offset", produced_at, message_key, text)
            ON CONFLICT (pipeline, topic, "partition", "offset", produced_at) DO UPDATE SET
                message_key = excluded.message_key, text = excluded.text, stored_at = excluded.stored_at
            """
    }
}
