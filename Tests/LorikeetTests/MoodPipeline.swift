import BERT
import TestSupport

/// A pipeline with one task, `mood`, over a tiny base, as commands read it.
enum MoodPipeline {
    /// Writes base, adapter and pipeline file.
    ///
    /// - Parameters:
    ///   - dsn: the value of `sink.postgres`.
    ///   - namesAdapter: whether the file names the folder of the adapter, `adapter`, for the first live version.
    ///   - extra: further keys.
    static func write(
        dsn: String = "host=/nowhere", namesAdapter: Bool = true, extra: String = ""
    ) throws -> (scratch: Scratch, file: String) {
        let scratch = try Scratch()
        let folder = try TinyBase.write(to: scratch)
        let adapter = try TestModels.adapter(
            over: BERTBase(directory: folder), labels: ["minus", "plus"], task: "mood")
        try adapter.write(to: scratch.path("adapter"))
        let key = namesAdapter ? ", adapter: \(scratch.path("adapter"))" : ""
        let file = try scratch.write(
            "pipeline.yaml",
            """
            name: moods
            base: \(folder)
            source:
              kafka: { brokers: "127.0.0.1:1", topics: [moods], group: moods }
            tasks:
              mood: { labels: [minus, plus]\(key) }
            batch: { max_tokens: 32 }
            sink: { postgres: "\(dsn)" }
            \(extra)
            """)
        return (scratch, file)
    }
}
