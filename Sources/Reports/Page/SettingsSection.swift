import BERT
import Foundation
import Kernels
import Pipelines
import Training

/// What a report says of where its figures come from.
enum SettingsSection {
    /// Every setting of a training, by name.
    static func settings(_ settings: TrainingSettings) -> ReportPage.Section {
        var list = PairList()
        let encoded = (try? JSONSerialization.jsonObject(with: JSONEncoder().encode(settings))) as? [String: Any] ?? [:]
        for (key, value) in encoded.sorted(by: { $0.key < $1.key }) { list.add(words(key), shown(value)) }
        return ReportPage.Section(title: "Settings", content: list.markup)
    }

    /// The adapter and its base.
    static func adapter(_ adapter: Adapter, base: BERTBase) -> ReportPage.Section {
        var list = PairList()
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
            "\(configuration.architecture.rawValue), \(configuration.layers) layers of \(configuration.hidden)")
        list.add("lorikeet", LorikeetVersion.current)
        list.add("kernels", BLAS.kernelName)
        list.add("cores", ProcessInfo.processInfo.activeProcessorCount)
        return ReportPage.Section(title: "Adapter and versions", content: list.markup)
    }

    /// Names that are spelt in their own way.
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

    private static func shown(_ value: Any) -> String {
        if let list = value as? [Any] { return list.map { "\($0)" }.joined(separator: ", ") }
        if let object = value as? [String: Any] {
            return object.isEmpty
                ? "none"
                : object.sorted { $0.key < $1.key }.map { "\($0.key) \(shown($0.value))" }.joined(separator: ", ")
        }
        if let text = value as? String { return text }
        let data = try? JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "\(value)"
    }
}
