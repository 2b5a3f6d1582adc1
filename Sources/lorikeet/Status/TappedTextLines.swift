import DaemonClient
import Reports

/// A text that passed, for a terminal: one line per label.
enum TappedTextLines {
    /// Columns of the label; longer ones are cut.
    private static let (taskColumns, labelColumns) = (14, 20)

    static func lines(of text: TappedTexts.Text, width: Int) -> [String] {
        // The rest of a long text is never shown.
        let start = TerminalText.escaped(String(text.text.prefix(max(0, width))))
        return text.labels.map { label in
            let head = [
                padded(label.task, taskColumns), padded(name(of: label), labelColumns), Figure.decimal(label.score, 3),
            ].joined(separator: "  ")
            return TerminalText.shortened("\(head)  \(start)", to: width)
        }
    }

    /// Parentheses tell what is no label.
    private static func name(of label: TappedTexts.Label) -> String {
        if label.abstained { return "(abstained)" }
        if let labels = label.labels { return labels.isEmpty ? "(none)" : labels.joined(separator: ", ") }
        return label.label ?? "(none)"
    }

    private static func padded(_ text: String, _ columns: Int) -> String {
        let text = TerminalText.shortened(TerminalText.escaped(text), to: columns)
        return text + String(repeating: " ", count: max(0, columns - TerminalText.width(of: text)))
    }
}
