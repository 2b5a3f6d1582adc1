import CLinux
import FoundationEssentials
import Glibc

/// A folder whose files are replaced together: readers see the old files or the new ones, never a mixture.
public struct AtomicFolder: Sendable {
    /// The folder's path, without a slash at the end.
    public let path: String
    /// The file by which a folder is known as one of this kind.
    public let marker: String

    /// The folder at this path, which need not exist.
    ///
    /// - Parameter marker: a folder that is neither empty nor has a file of this name is not replaced.
    public init(path: String, marker: String) {
        var path = path
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        self.path = path
        self.marker = marker
    }

    /// Writes the files to a folder beside this one, then exchanges the two. Other files of the folder are kept.
    ///
    /// - Parameter contents: by file name.
    public func replace(_ contents: [String: [UInt8]]) throws(FileError) {
        let exists = try isReplaceable()
        try system { try files.createDirectory(atPath: parent, withIntermediateDirectories: true) }
        removeLeftovers()
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

    private var files: FileManager { FileManager.default }

    private var parent: String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Removes what a process that was killed during a write left beside the folder.
    private func removeLeftovers() {
        let start = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
        let prefix = path[start...] + ".new-"
        for name in (try? files.contentsOfDirectory(atPath: parent)) ?? [] where name.hasPrefix(prefix) {
            let isOurs = UUID(uuidString: String(name.dropFirst(prefix.count))) != nil
            if isOurs { try? files.removeItem(atPath: parent + "/" + name) }
        }
    }

    /// Whether there is a folder that may be replaced; false if there is nothing.
    private func isReplaceable() throws(FileError) -> Bool {
        var isFolder = false
        guard files.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
        guard isFolder else { throw .notAFolder }
        let content = try system { try files.contentsOfDirectory(atPath: path) }
        guard content.isEmpty || content.contains(marker) else { throw .foreignFolder }
        return true
    }

    /// Exchanges the new folder and the old one.
    private func exchange(_ new: String, keeping contents: [String: [UInt8]]) throws(FileError) {
        guard renameat2(AT_FDCWD, new, AT_FDCWD, path, lorikeet_rename_exchange) == 0 else {
            return try exchangeInTwoSteps(new, keeping: contents)
        }
        dispose(of: new, keeping: contents)
    }

    /// For file systems that cannot exchange. Between the two renames there is no folder: a reader fails then, but
    /// never reads a mixture.
    private func exchangeInTwoSteps(_ new: String, keeping contents: [String: [UInt8]]) throws(FileError) {
        let old = path + ".old-\(UUID().uuidString)"
        try Self.rename(path, to: old)
        do throws(FileError) {
            try Self.rename(new, to: path)
        } catch {
            _ = Glibc.rename(old, path)
            throw error
        }
        dispose(of: old, keeping: contents)
    }

    /// Moves the old folder's other files to the new one, then removes the old folder.
    private func dispose(of old: String, keeping contents: [String: [UInt8]]) {
        do {
            for name in try files.contentsOfDirectory(atPath: old) where contents[name] == nil {
                try files.moveItem(atPath: old + "/" + name, toPath: path + "/" + name)
            }
            try files.removeItem(atPath: old)
        } catch {
            // Whatever could not be moved stays, under a name that ``removeLeftovers()`` does not remove.
            _ = Glibc.rename(old, path + ".old-\(UUID().uuidString)")
        }
    }

    private static func rename(_ old: String, to new: String) throws(FileError) {
        guard Glibc.rename(old, new) == 0 else { throw .current }
    }

    private func system<Value>(_ body: () throws -> Value) throws(FileError) -> Value {
        do { return try body() } catch { throw FileError(error) }
    }
}

extension FileError {
    /// An error of Foundation, without its long description, which names files and classes.
    public init(_ error: any Error) {
        if let underlying = (error as? CocoaError)?.underlying as? POSIXError {
            self = .system(underlying.code.rawValue)
        } else {
            self = .system(reason: "\(error)")
        }
    }
}
