import BERT
import Foundation
import Operations

/// An adapter that was read from a folder, and what to call it.
struct NamedAdapter {
    /// Its task, or where it does not say, the folder's name.
    let name: String
    let adapter: Adapter
}

/// Folders in PEFT's format: `adapter_config.json`, `adapter_model.safetensors`, and Lorikeet's own `lorikeet.json`.
enum AdapterFolder {
    /// Reads an adapter for this base; the error names the folder.
    ///
    /// - Parameter names: what is known of its labels from outside the folder; of no account where that names them.
    static func load(_ directory: String, base: BERTBase, names: [LabelNames] = []) throws(CommandFailure) -> Adapter {
        do {
            return try Adapter.load(directory: directory, base: base, names: names)
        } catch {
            throw failure(error, directory)
        }
    }

    /// The error of a folder's content, with the folder's name.
    static func failure(_ error: AdapterError, _ directory: String) -> CommandFailure {
        let reason = error.description
        return CommandFailure(.failed, reason.hasPrefix(directory + "/") ? reason : "\(directory): \(reason)")
    }

    /// Reads an adapter whose labels have these names, in the order of the head's rows: its folder says the same, or
    /// nothing.
    static func load(_ directory: String, base: BERTBase, naming labels: LabelNames) throws(CommandFailure) -> Adapter {
        let adapter = try load(directory, base: base, names: [labels])
        try require(labels, of: adapter, directory)
        return adapter
    }

    /// Refuses names that are not those of an adapter's own folder.
    static func require(_ names: LabelNames, of adapter: Adapter, _ directory: String) throws(CommandFailure) {
        guard !names.labels.isEmpty, adapter.labels != names.labels else { return }
        let labels = adapter.labels.prefix(20).joined(separator: ", ") + (adapter.labels.count > 20 ? ", …" : "")
        throw CommandFailure(
            .failed, "\(directory): names its labels itself: \(labels); \(names.source) says otherwise")
    }

    /// Reads two adapters; the labels are the names of those rows that have none.
    static func load(
        _ first: String, _ second: String, base: BERTBase, naming labels: LabelNames
    ) throws(CommandFailure) -> [Adapter] {
        var adapters: [Adapter] = []
        for directory in [first, second] { adapters.append(try load(directory, base: base, names: [labels])) }
        guard labels.labels.isEmpty || adapters.contains(where: { $0.labels == labels.labels }) else {
            throw CommandFailure(
                .failed, "\(first), \(second): both name their labels themselves; \(labels.source) says otherwise")
        }
        return adapters
    }

    /// Reads several adapters for this base and gives each a name of its own.
    ///
    /// - Parameter labels: names for the labels, where there is one adapter.
    static func load(
        _ directories: [String], base: BERTBase, naming labels: LabelNames
    ) throws(CommandFailure) -> [NamedAdapter] {
        var named: [NamedAdapter] = []
        for directory in directories {
            let adapter = try load(directory, base: base, naming: labels)
            let name = adapter.manifest.task ?? name(directory)
            guard !named.contains(where: { $0.name == name }) else {
                throw CommandFailure(.usage, "two adapters are called \"\(name)\": \(directory) and one before it")
            }
            named.append(NamedAdapter(name: name, adapter: adapter))
        }
        return named
    }

    /// What to call an adapter that does not say its task.
    static func name(_ directory: String) -> String {
        URL(fileURLWithPath: directory).standardizedFileURL.lastPathComponent
    }

    /// Whether a folder may take an adapter: it does not exist, or may be written over and holds nothing but an
    /// adapter.
    static func checkFree(_ directory: String, overwrite: Bool) throws(CommandFailure) {
        let files = FileManager.default
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: directory, isDirectory: &isFolder) else {
            return try createParent(of: directory)
        }
        guard isFolder.boolValue else { throw CommandFailure(.failed, "\(directory): exists and is no folder") }
        guard overwrite else {
            throw CommandFailure(.failed, "\(directory): exists already; --overwrite replaces the adapter in it")
        }
        let content = (try? files.contentsOfDirectory(atPath: directory)) ?? []
        let known: Set = [
            "adapter_config.json", "adapter_model.safetensors", "lorikeet.json", "report.html", "README.md",
        ]
        if let foreign = content.first(where: { !known.contains($0) }) {
            throw CommandFailure(
                .failed, "\(directory): holds \(foreign), which is no part of an adapter; nothing was replaced")
        }
        // It is replaced by a folder written beside it.
        try createParent(of: directory)
    }

    private static func createParent(of directory: String) throws(CommandFailure) {
        let parent = URL(fileURLWithPath: directory).deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure(.failed, "\(parent.relativePath): cannot be made: \(error.localizedDescription)")
        }
        guard FileManager.default.isWritableFile(atPath: parent.path) else {
            throw CommandFailure(.failed, "\(parent.path): cannot be written to")
        }
    }
}
