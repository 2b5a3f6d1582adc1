import Training

/// The descriptions that the demo trains on, evaluates on, and streams. The sets are disjoint.
struct DemoTexts {
    /// A task of the pipeline.
    struct Task: Sendable {
        let name: String
        let labels: [String]
        /// The right label of a package, where the catalogue knows it.
        let answer: @Sendable (CataloguePackage) -> String?
    }

    let tasks: [Task]
    /// Rows to train the first adapter on, per task.
    let first: [String: [LabelledText]]
    /// Rows that no adapter is trained on, per task.
    let heldOut: [String: [LabelledText]]
    /// Rows that are inserted later by SQL, per task.
    let annotations: [String: [LabelledText]]
    /// The packages whose descriptions are streamed.
    let stream: ArraySlice<CataloguePackage>

    /// - Parameters:
    ///   - labels: the labels of each task, as the pipeline file declares them.
    ///   - firstRows, heldOutRows, annotatedRows: rows per task of each set.
    init(
        _ catalogue: PackageCatalogue, labels: [String: [String]], firstRows: Int = 1000, heldOutRows: Int = 1000,
        annotatedRows: Int = 3000
    ) {
        let section = Task(name: "section", labels: labels["section", default: []]) { $0.section }
        let role = Task(name: "role", labels: labels["role", default: []]) { $0.role }
        tasks = [section, role]

        var rest = catalogue.packages[...]
        /// Takes packages off the catalogue until each task has `count` rows.
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
