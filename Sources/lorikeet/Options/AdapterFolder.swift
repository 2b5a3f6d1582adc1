import BERT
import Daemon
import Foundation

/// An adapter that was read from a folder, and what to call it.
struct NamedAdapter {
    /// Its task, or where it does not say, the folder's name.
    let name: String
    let adapter: Adapter
}

/// Folders in PEFT's format: `adapter_config.json`, `adapter_model.safetensors`, and Lorikeet's own `lorikeet.json`.
enum AdapterFolder {
    /// Reads an adapter for this base; the error names the folder.
    static func load(_ directory: String, base: BERTBase) throws(CommandFailure) -> Adapter {
        do {
            return try Adapter.load(directory: directory, base: base)
        } catch {
            let reason = error.description
            throw CommandFailure(.failed, reason.hasPrefix(directory) ? reason : "\(directory): \(reason)")
        }
    }

    /// Reads an adapter and gives names to labels that its folder does not name.
    ///
    /// - Parameter labels: in the order of the head's rows; empty: it keeps those it has.
    static func load(_ directory: String, base: BERTBase, naming labels: [String]) throws(CommandFailure) -> Adapter {
        let adapter = try load(directory, base: base)
        if labels.isEmpty { return adapter }
        guard adapter.hasPlaceholderLabels else { throw CommandFailure(.failed, "\(directory): names its labels itself") }
        guard labels.count == adapter.labels.count else {
            throw CommandFailure(.failed, "\(directory): its head has \(adapter.labels.count) labels, \(labels.count) are named")
        }
        do {
            return try adapter.with { $0.labels = labels }
        } catch {
            throw CommandFailure(.failed, "\(directory): \(error)")
        }
    }

    /// Reads several adapters for this base and gives each a name of its own.
    static func load(_ directories: [String], base: BERTBase) throws(CommandFailure) -> [NamedAdapter] {
        var named: [NamedAdapter] = []
        for directory in directories {
            let adapter = try load(directory, base: base)
            let name = adapter.manifest.task ?? name(directory)
            guard !named.contains(where: { $0.name == name }) else {
                throw CommandFailure(.usage, "two adapters are called \"\(name)\": \(directory) and one before it")
            }
            named.append(NamedAdapter(name: name, adapter: adapter))
        }
        return named
    }

    /// What to call an adapter that does not say its task.
    static func name(_ directory: String) -> String { URL(fileURLWithPath: directory).standardizedFileURL.lastPathComponent }

    /// Whether a folder may take an adapter: it does not exist, or may be written over and holds nothing but an adapter.
    static func checkFree(_ directory: String, overwrite: Bool) throws(CommandFailure) {
        let files = FileManager.default
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: directory, isDirectory: &isFolder) else {
            return try createParent(of: directory)
        }
        guard isFolder.boolValue else { throw CommandFailure(.failed, "\(directory): exists and is no folder") }
        guard overwrite else { throw CommandFailure(.failed, "\(directory): exists already; --overwrite replaces the adapter in it") }
        let content = (try? files.contentsOfDirectory(atPath: directory)) ?? []
        let known: Set = ["adapter_config.json", "adapter_model.safetensors", "lorikeet.json", "report.html", "README.md"]
        if let foreign = content.first(where: { !known.contains($0) }) {
            throw CommandFailure(.failed, "\(directory): holds \(foreign), which is no part of an adapter; nothing was replaced")
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
