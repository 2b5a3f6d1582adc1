import BERT
import FoundationEssentials
import JSON
import Kernels
import Training

/// Where a report's figures come from: settings, adapter, base and versions.
enum SettingsSection {
    /// Every setting of a training, by name.
    static func settings(_ settings: TrainingSettings) -> ReportPage.Section {
        var list = DefinitionList()
        let encoded = (try? JSONEncoder().encode(settings)).flatMap { try? JSONParser.parse(Array($0)) }
        if case .object(let members) = encoded {
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                // A JSON number is a double here, which cannot hold every seed.
                list.add(words(key), key == "seed" ? String(settings.seed) : text(value))
            }
        }
        return ReportPage.Section(title: "Settings", content: list.markup)
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
        list.add("temperature", manifest.temperature.map { Figure.decimal($0, 3) } ?? "none")
        list.add("base", Figure.digest(base.digest))
        list.add(
            "architecture",
            "\(configuration.architecture.rawValue), \(configuration.layers) layers, hidden \(configuration.hidden)")
        list.add("lorikeet", version)
        list.add("kernels", BLAS.kernelName)
        list.add("cores", ProcessInfo.processInfo.activeProcessorCount)
        return ReportPage.Section(title: "Adapter and versions", content: list.markup)
    }

    /// Names with a spelling of their own.
    private static let names = ["usesRSLoRA": "rsLoRA", "loraPlusRatio": "LoRA+ ratio"]

    /// `learningRate`: learning rate.
    static func words(_ key: String) -> String {
        if let name = names[key] { return name }
        var words = ""
        var previous: Character = "A"
        for character in key {
            if character.isUppercase, previous.isLowercase { words += " " }
            words.append(character)
            previous = character
        }
        return words.split(separator: " ").map { $0.count { $0.isUppercase } > 1 ? String($0) : $0.lowercased() }
            .joined(separator: " ")
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: "none"
        case .boolean(let value): value ? "yes" : "no"
        case .integer(let value): String(value)
        case .number(let value): Figure.plain(value)
        case .string(let value): value
        case .array(let values): values.isEmpty ? "none" : values.map(text).joined(separator: ", ")
        case .object(let members):
            members.isEmpty
                ? "none"
                : members.sorted { $0.key < $1.key }.map { "\($0.key) \(text($0.value))" }.joined(separator: ", ")
        }
    }
}
