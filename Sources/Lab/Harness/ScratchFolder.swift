import Files
import FoundationEssentials

/// A temporary folder of one run. Whoever made it removes it.
struct ScratchFolder: Sendable {
    /// An absolute path.
    let path: String

    /// Creates the folder below the system's temporary one; a random suffix keeps two runs apart.
    init(_ name: String) throws {
        let suffix = UUID().uuidString.prefix(8).lowercased()
        path = FileManager.default.temporaryDirectory.appendingPathComponent("lorikeet-\(name)-\(suffix)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // PostgreSQL runs as another user if we are root, and must be able to pass through.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    /// The path of a file or folder in it.
    func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a text file and returns its path.
    func write(_ name: String, _ text: String) throws -> String {
        try AtomicFile(path: path(name)).replace(text.utf8)
        return path(name)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
