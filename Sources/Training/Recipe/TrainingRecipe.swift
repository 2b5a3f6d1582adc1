/// Who chooses the hyper-parameters that a person does not give.
public enum TrainingRecipe: String, Sendable, Codable, CaseIterable {
    /// Rows, labels and texts decide, by ``RecipeRule``.
    case auto
    /// The defaults of ``TrainingSettings``, whatever the rows are.
    case fixed
}
