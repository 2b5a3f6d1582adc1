import CLinux
import FoundationEssentials
import Glibc

/// A folder whose content is replaced as a whole: readers see the old files or the new ones, never a mixture.
public struct AtomicFolder {
    public let path: String
    /// A folder that is there already is replaced only if it is empty or holds this file.
    public let marker: String
    private let files = FileManager.default

    public init(path: String, marker: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        self.marker = marker
    }

    /// Writes the files to a folder beside it, then renames that folder to `path`. Other files of the old folder are kept.
    public func replace(_ contents: [String: [UInt8]]) throws(FileError) {
        let exists = try existing()
        let parent = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        try system { try files.createDirectory(atPath: parent, withIntermediateDirectories: true) }
        removeLeftovers(in: parent)
        let new = path + ".new-\(UUID().uuidString)"
        try system { try files.createDirectory(atPath: new, withIntermediateDirectories: false) }
        do throws(FileError) {
            for (name, bytes) in contents { try AtomicFile.write(bytes, to: new + "/" + name) }
            if exists { try exchange(new, keeping: contents) } else { try Self.rename(new, to: path) }
        } catch {
            try? files.removeItem(atPath: new)
            throw error
        }
    }

    /// What a process that was killed in the middle of a write left beside the folder.
    private func removeLeftovers(in parent: String) {
        let start = URL(filePath: path).lastPathComponent + ".new-"
        for name in (try? files.contentsOfDirectory(atPath: parent)) ?? [] where name.hasPrefix(start) {
            let identifier = name.dropFirst(start.count)
            if UUID(uuidString: String(identifier)) != nil { try? files.removeItem(atPath: parent + "/" + name) }
        }
    }

    private func existing() throws(FileError) -> Bool {
        var isFolder = false
        guard files.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
        guard isFolder else { throw .notAFolder }
        let content = (try? files.contentsOfDirectory(atPath: path)) ?? []
        guard content.isEmpty || content.contains(marker) else { throw .foreignFolder }
        return true
    }

    /// Exchanges the new folder and the old one, then moves other files over and removes the old one.
    private func exchange(_ new: String, keeping contents: [String: [UInt8]]) throws(FileError) {
        guard renameat2(AT_FDCWD, new, AT_FDCWD, path, lorikeet_rename_exchange) == 0 else {
            return try exchangeInTwoSteps(new, keeping: contents)
        }
        moveOthers(from: new, except: contents)
        try? files.removeItem(atPath: new)
    }

    /// For file systems that cannot exchange. Between the two renames there is no folder: a reader fails then, but never
    /// reads a mixture.
    private func exchangeInTwoSteps(_ new: String, keeping contents: [String: [UInt8]]) throws(FileError) {
        let old = path + ".old-\(UUID().uuidString)"
        try Self.rename(path, to: old)
        do throws(FileError) {
            try Self.rename(new, to: path)
        } catch {
            _ = Glibc.rename(old, path)
            throw error
        }
        moveOthers(from: old, except: contents)
        try? files.removeItem(atPath: old)
    }

    private func moveOthers(from old: String, except contents: [String: [UInt8]]) {
        for name in (try? files.contentsOfDirectory(atPath: old)) ?? [] where contents[name] == nil {
            try? files.moveItem(atPath: old + "/" + name, toPath: path + "/" + name)
        }
    }

    private static func rename(_ old: String, to new: String) throws(FileError) {
        guard Glibc.rename(old, new) == 0 else { throw .current }
    }

    /// FoundationEssentials keeps the `errno` in what it throws.
    private func system(_ body: () throws -> Void) throws(FileError) {
        do { try body() } catch { throw FileError(error) }
    }
}

extension FileError {
    /// What Foundation says in a few words; without its own long description, which names files and classes.
    init(_ error: any Error) {
        if let underlying = (error as? CocoaError)?.underlying as? POSIXError {
            self = .system(reason: String(cString: strerror(underlying.code.rawValue)))
        } else {
            self = .system(reason: "\(error)")
        }
    }
}
