import Training

/// Which descriptions the demo learns from, is measured on, and streams. No description is in two of the sets.
struct DemoTexts {
    /// A question about a package: a task of the pipeline.
    struct Task: Sendable {
        let name: String
        let labels: [String]
        /// The answer, where the catalogue knows it.
        let answer: @Sendable (CataloguePackage) -> String?
    }

    let tasks: [Task]
    /// Rows for the first adapter, a task.
    let first: [String: [LabelledText]]
    /// Rows that are never learnt from, a task.
    let heldOut: [String: [LabelledText]]
    /// Rows that arrive later by SQL, a task.
    let annotations: [String: [LabelledText]]
    /// What the topic carries.
    let stream: ArraySlice<CataloguePackage>

    /// - Parameter labels: those of each task, as the pipeline file names them.
    init(
        _ catalogue: PackageCatalogue, labels: [String: [String]], firstRows: Int = 1000, heldOutRows: Int = 1000,
        annotatedRows: Int = 3000
    ) {
        let section = Task(name: "section", labels: labels["section", default: []]) { $0.section }
        let role = Task(name: "role", labels: labels["role", default: []]) { $0.role }
        tasks = [section, role]

        var rest = catalogue.packages[...]
        /// Takes packages until each task has `count` rows.
        func take(_ count: Int) -> [String: [LabelledText]] {
            var rows: [String: [LabelledText]] = ["section": [], "role": []]
            while let package = rest.first, rows.values.contains(where: { $0.count < count }) {
                rest = rest.dropFirst()
                for task in [section, role] where rows[task.name, default: []].count < count {
                    if let label = task.answer(package) {
                        rows[task.name, default: []].append(LabelledText(text: package.description, label: label))
                    }
                }
            }
            return rows
        }
        heldOut = take(heldOutRows)
        first = take(firstRows)
        annotations = take(annotatedRows)
        stream = rest
    }
}
