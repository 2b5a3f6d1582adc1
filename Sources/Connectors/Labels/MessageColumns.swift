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
}
