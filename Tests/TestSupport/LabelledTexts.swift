/// The texts of labels, for tests of what reads them.
public enum LabelledTexts {
    /// Removes texts, wherever they are stored.
    public static func forget(where condition: String, _ execute: (String) throws -> Void) rethrows {
        try execute("UPDATE lorikeet.labels SET text = NULL WHERE \(condition)")
        try execute("DELETE FROM lorikeet.messages WHERE \(condition)")
    }
}
