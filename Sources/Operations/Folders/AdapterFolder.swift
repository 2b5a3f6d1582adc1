import AdapterRegistry
import BERT
import Drift
import Files
import FoundationEssentials
import Threading

/// An adapter of a folder, with the name that a command gives it.
public struct NamedAdapter: Sendable {
    /// Its task; if the adapter names none, the name of the folder.
    public let name: String
    /// The adapter itself.
    public let adapter: Adapter
}

/// Adapter folders in PEFT's format: `adapter_config.json`, `adapter_model.safetensors`, and `lorikeet.json`.
public enum AdapterFolder {
    // MARK: - Reading

    /// Reads an adapter for this base; the error names the folder.
    ///
    /// - Parameter names: label names from outside the folder; not used if the folder names its labels.
    public static func load(
        _ directory: String, base: BERTBase, names: [LabelNames] = []
    ) throws(CommandFailure) -> Adapter {
        do {
            return try Adapter.load(directory: directory, base: base, names: names)
        } catch {
            throw failure(error, directory)
        }
    }

    /// Reads an adapter whose labels have these names, in the order of the head's rows.
    ///
    /// - Throws: a failure if the folder names its labels differently.
    public static func load(
        _ directory: String, base: BERTBase, naming labels: LabelNames
    ) throws(CommandFailure) -> Adapter {
        let adapter = try load(directory, base: base, names: [labels])
        try require(labels, of: adapter, directory)
        return adapter
    }

    /// Reads two adapters; the labels name those of whichever folder names none.
    static func load(
        _ first: String, _ second: String, base: BERTBase, naming labels: LabelNames
    ) throws(CommandFailure) -> [Adapter] {
        var adapters: [Adapter] = []
        for directory in [first, second] { adapters.append(try load(directory, base: base, names: [labels])) }
        guard labels.labels.isEmpty || adapters.contains(where: { $0.labels == labels.labels }) else {
            throw CommandFailure(
                .failed, "\(first), \(second): both folders name their labels, but \(labels.source) names others")
        }
        return adapters
    }

    /// Reads several adapters and gives each a name of its own.
    ///
    /// - Parameter labels: names for the labels, if there is one adapter.
    static func load(
        _ directories: [String], base: BERTBase, naming labels: LabelNames
    ) throws(CommandFailure) -> [NamedAdapter] {
        let adapters = try WorkerTeam.map(
            directories, count: ProcessInfo.processInfo.activeProcessorCount, name: "adapters"
        ) { directory throws(CommandFailure) in try load(directory, base: base, naming: labels) }
        var named: [NamedAdapter] = []
        for (directory, adapter) in zip(directories, adapters) {
            let name = adapter.manifest.task ?? name(directory)
            guard !named.contains(where: { $0.name == name }) else {
                throw CommandFailure(
                    .usage,
                    "two adapters have the name \"\(name)\": \(directory) and an earlier one; give each name once")
            }
            named.append(NamedAdapter(name: name, adapter: adapter))
        }
        return named
    }

    /// Refuses names that differ from those of an adapter's own folder.
    static func require(_ names: LabelNames, of adapter: Adapter, _ directory: String) throws(CommandFailure) {
        guard !names.labels.isEmpty, adapter.labels != names.labels else { return }
        let labels = adapter.labels.prefix(20).joined(separator: ", ") + (adapter.labels.count > 20 ? ", …" : "")
        throw CommandFailure(
            .failed, "\(directory): the folder names its labels (\(labels)), but \(names.source) names others")
    }

    /// The error of a folder's content, with the name of the folder.
    static func failure(_ error: AdapterError, _ directory: String) -> CommandFailure {
        let reason = error.description
        return CommandFailure(.failed, reason.hasPrefix(directory + "/") ? reason : "\(directory): \(reason)")
    }

    /// The name of the folder itself.
    static func name(_ directory: String) -> String {
        URL(fileURLWithPath: directory).standardizedFileURL.lastPathComponent
    }

    /// The names of two folders, with as many of their parents as it takes to tell them apart.
    static func names(_ first: String, _ second: String) -> [String] {
        let parts = [first, second].map {
            URL(fileURLWithPath: $0).standardizedFileURL.pathComponents.filter { $0 != "/" }
        }
        for count in 1...max(parts[0].count, parts[1].count, 1) {
            let names = parts.map { $0.suffix(count).joined(separator: "/") }
            if names[0] != names[1] { return names }
        }
        return ["A", "B"]
    }

    /// The rows that the adapter of a folder was trained on; nil if they are unknown.
    static func trainingRows(_ directory: String, of adapter: Adapter) throws(CommandFailure) -> TrainingRowSet? {
        do throws(TrainingRowsFile.Damage) {
            return try TrainingRowsFile.read(directory: directory, weights: adapter.weights)
        } catch {
            throw CommandFailure(.failed, error.description)
        }
    }

    /// The drift reference of an adapter's folder; nil if there is none, or that of another adapter.
    public static func driftReference(_ directory: String, of adapter: Adapter) throws(CommandFailure)
        -> DriftReference?
    {
        try DriftReferenceFile.read(directory, of: adapter)
    }

    // MARK: - Writing

    /// Writes an adapter, with the rows that it was trained on if they are known.
    static func write(
        _ adapter: Adapter, trainedOn rows: TrainingRowSet?, to directory: String, with others: [String: [UInt8]] = [:]
    ) throws(AdapterError) {
        var files = others
        if let rows { files[TrainingRowsFile.name] = TrainingRowsFile.content(rows, weights: adapter.weights) }
        try adapter.write(to: directory, with: files)
    }

    /// Refuses a folder that may not take an adapter: one that exists, unless it holds an adapter to overwrite.
    static func checkFree(_ directory: String, overwrite: Bool) throws(CommandFailure) {
        let files = FileManager.default
        var isFolder = false
        guard files.fileExists(atPath: directory, isDirectory: &isFolder) else {
            return try createParent(of: directory)
        }
        guard isFolder else { throw CommandFailure(.failed, "\(directory): exists and is not a folder") }
        guard overwrite else {
            throw CommandFailure(.failed, "\(directory): already exists; --overwrite replaces the adapter in it")
        }
        let content = (try? files.contentsOfDirectory(atPath: directory)) ?? []
        let known: Set = [
            "adapter_config.json", "adapter_model.safetensors", "lorikeet.json", "report.html", "README.md",
            TrainingRowsFile.name, DriftReferenceFile.name,
        ]
        if let foreign = content.first(where: { !known.contains($0) }) {
            throw CommandFailure(
                .failed, "\(directory): contains \(foreign), which is not part of an adapter; nothing was replaced")
        }
        // The new folder is written beside it.
        try createParent(of: directory)
    }

    private static func createParent(of directory: String) throws(CommandFailure) {
        let parent = URL(fileURLWithPath: directory).deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure(.failed, "\(parent.relativePath): cannot be created: \(FileError(error))")
        }
        guard FileManager.default.isWritableFile(atPath: parent.path) else {
            throw CommandFailure(.failed, "\(parent.path): is not writable")
        }
    }
}
