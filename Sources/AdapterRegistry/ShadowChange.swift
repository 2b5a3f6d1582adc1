/// What a challenger does to the labels of one text.
public enum ShadowChange: String, Sendable, CaseIterable {
    /// It gives what the champion gives.
    case none
    /// It gives something else.
    case changed
    /// It gives something else, because the labels of the task have changed: the champion cannot give the new label, or
    /// gives a retired one.
    case expected
}
