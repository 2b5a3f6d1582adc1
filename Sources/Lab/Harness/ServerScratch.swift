import Foundation

/// Temporary folders for private servers and what belongs to them.
enum ServerScratch {
    /// Makes a folder below the system's temporary one; its maker removes it.
    static func make(_ name: String) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lorikeet-\(name)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // The database server runs as another user if we are root, and has to pass through.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        return folder
    }
}
