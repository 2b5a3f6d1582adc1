import BERT
import FoundationEssentials
import Training

/// Where a report's figures come from: settings, adapter, base and versions.
enum SettingsSection {
    /// Every setting of a training by its key in a pipeline file; none that is not set and has no meaning then.
    static func settings(_ settings: TrainingSettings) -> ReportPage.Section {
        var list = DefinitionList()
        for parameter in Hyperparameter.all {
            if let text = parameter.text(in: settings) { list.add(parameter.key, text) }
        }
        list.add("multi_label", settings.isMultiLabel ? "true" : "false")
        list.add("max_tokens", settings.maxTokens)
        if let longTexts = settings.longTexts { list.add("long_texts", "\(longTexts)") }
        if !settings.precisions.isEmpty {
            list.add("precision", settings.precisions.map(Figure.plain).joined(separator: ", "))
        }
        if !settings.rankPattern.isEmpty {
            list.add("rank of single layers", pattern(settings.rankPattern.mapValues(Double.init)))
        }
        if !settings.alphaPattern.isEmpty { list.add("alpha of single layers", pattern(settings.alphaPattern)) }
        return ReportPage.Section(
            title: "Settings", note: "By their keys; the options of lorikeet train have the same names, with dashes.",
            content: list.markup)
    }

    /// What a recipe chose, and why.
    static func recipe(_ account: RecipeAccount) -> ReportPage.Section {
        let rows = account.choices.map { choice -> Markup in
            """
            <tr><th scope="row">\(choice.key)</th><td>\(choice.value)</td><td>\(choice.reason)</td></tr>

            """
        }
        return ReportPage.Section(
            title: "Recipe", note: "What was chosen for \(account.rows.text).",
            content: """
                <div class="scroll"><table><thead><tr><th>setting</th><th>value</th><th>reason</th></tr></thead>
                <tbody>
                \(Markup.joined(rows))</tbody></table></div>

                """)
    }

    /// What came of a training, as sentences.
    static func warnings(_ account: RecipeAccount?) -> [String] {
        guard let account else { return [] }
        return ([account.retry].compactMap(\.self) + account.findings).map {
            $0.prefix(1).uppercased() + $0.dropFirst() + "."
        }
    }

    private static func pattern(_ values: [String: Double]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key) \(Figure.plain($0.value))" }.joined(separator: ", ")
    }

    /// The adapter, its base and the program.
    static func adapter(_ adapter: Adapter, base: BERTBase, version: String) -> ReportPage.Section {
        var list = DefinitionList()
        let (configuration, manifest) = (base.configuration, adapter.manifest)
        list.add("adapter", Figure.digest(adapter.digest))
        if let task = manifest.task { list.add("task", task) }
        list.add("labels", adapter.labels.count)
        list.add("rank, alpha", "\(manifest.configuration.rank), \(Figure.plain(manifest.configuration.alpha))")
        list.add("targets", manifest.configuration.targets.joined(separator: ", "))
        list.add("layers", manifest.configuration.layers.map { $0.map(String.init).joined(separator: ", ") } ?? "all")
        if let longTexts = manifest.longTexts { list.add("long texts", "\(longTexts)") }
        list.add("temperature", manifest.temperature.map { Figure.decimal($0, 3) } ?? "none")
        list.add("base", Figure.digest(base.digest))
        list.add("dtype", base.dtype)
        list.add(
            "architecture",
            "\(configuration.architecture.rawValue), \(configuration.layers) layers, hidden \(configuration.hidden)")
        list.add("lorikeet", version)
        list.add("kernels", base.kernels)
        list.add("cores", ProcessInfo.processInfo.activeProcessorCount)
        return ReportPage.Section(title: "Adapter and versions", content: list.markup)
    }
}
