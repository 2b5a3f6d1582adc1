/// A table from which the rows of forgotten records are deleted.
public enum ForgottenTable: String, Sendable, CaseIterable {
    /// Texts.
    case messages
    /// Labels; rows of older versions also hold the text.
    case labels
    /// Labels that were replaced.
    case labelsHistory = "labels_history"
    /// Labels of challengers in shadow.
    case shadowLabels = "shadow_labels"
    /// Rejected records.
    case rejected
    /// Records that wait to be published.
    case outbox
    /// Rows to train on.
    case annotations
}
