/// A sequence that waits for a worker.
struct PreparedWindow: Sendable {
    let text: PreparedText
    /// Its place among the windows of the text.
    let number: Int

    var content: PreparedText.Window { text.windows[number] }
    var tokens: [Int32] { content.tokens }
}

extension PreparedText {
    /// What waits for the workers.
    var waiting: [PreparedWindow] { windows.indices.map { PreparedWindow(text: self, number: $0) } }
}
