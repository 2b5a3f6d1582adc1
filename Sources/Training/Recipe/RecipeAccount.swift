/// What a recipe chose, and what came of it: for the console, the report and the journal of retrainings.
public struct RecipeAccount: Sendable, Codable, Equatable {
    /// The recipe.
    public var recipe: TrainingRecipe
    /// The rows that it saw.
    public var rows: RowFigures
    /// What it chose, and what was given; empty for a fixed recipe.
    public var choices: [RecipeChoice]
    /// Why the training started again with a lower rate; nil if it did not.
    public var retry: String?
    /// What is wrong with the adapter, in words.
    public var findings: [String] = []

    /// An account of what is about to be trained.
    public init(recipe: TrainingRecipe, rows: RowFigures, choices: [RecipeChoice]) {
        (self.recipe, self.rows, self.choices) = (recipe, rows, choices)
    }

    /// One line per choice, after one that names the rows; nothing for a fixed recipe.
    public var lines: [String] {
        choices.isEmpty ? [] : ["recipe \(recipe.rawValue): \(rows.text)"] + choices.map { "  " + $0.line }
    }

    /// Takes over what came of the training.
    public mutating func add(_ candidate: AdapterCandidate) {
        retry = candidate.retry?.text
        findings = candidate.findings.map(\.description)
    }
}
