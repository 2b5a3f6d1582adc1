import Foundation
import Glibc

/// A folder whose content is replaced as a whole: readers see the old files or the new ones, never a mixture.
struct ReplacedFolder {
    let path: String
    /// A folder that is there already is replaced only if it holds this file.
    let marker: String
    private let files = FileManager.default

    init(path: String, marker: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        self.marker = marker
    }

    /// Writes the files to a folder beside, then renames it to `path`.
    func replace(_ contents: [String: Data]) throws {
        let exists = try existing()
        let parent = (path as NSString).deletingLastPathComponent
        if !parent.isEmpty { try files.createDirectory(atPath: parent, withIntermediateDirectories: true) }
        removeLeftovers()
        let new = path + ".new-\(UUID().uuidString)"
        try files.createDirectory(atPath: new, withIntermediateDirectories: false)
        do {
            for (name, data) in contents { try write(data, to: new + "/" + name) }
            if exists { try exchange(new, keeping: contents) } else { try rename(new) }
        } catch {
            try? files.removeItem(atPath: new)
            throw error
        }
    }

    /// What a process that was killed in the middle of a write left beside the folder.
    private func removeLeftovers() {
        let url = URL(fileURLWithPath: path)
        let parent = url.deletingLastPathComponent().path
        let start = url.lastPathComponent + ".new-"
        for name in (try? files.contentsOfDirectory(atPath: parent)) ?? [] where name.hasPrefix(start) {
            let identifier = name.dropFirst(start.count)
            if UUID(uuidString: String(identifier)) != nil { try? files.removeItem(atPath: parent + "/" + name) }
        }
    }

    private func write(_ data: Data, to file: String) throws(AdapterError) {
        do throws(DurableFile.Failure) {
            try DurableFile.write(data, to: file)
        } catch {
            throw .unwritable(file: path, reason: "cannot be written: \(error.reason)")
        }
    }

    private func existing() throws(AdapterError) -> Bool {
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
        guard isFolder.boolValue else { throw .unwritable(file: path, reason: "is a file") }
        let content = (try? files.contentsOfDirectory(atPath: path)) ?? []
        guard content.isEmpty || content.contains(marker) else {
            throw .unwritable(file: path, reason: "exists, is not empty and holds no adapter")
        }
        return true
    }

    private func rename(_ new: String) throws(AdapterError) {
        guard Glibc.rename(new, path) == 0 else { throw .unwritable(file: path, reason: String(cString: strerror(errno))) }
    }

    /// Exchanges the new folder and the old one, then moves other files over and removes the old one.
    private func exchange(_ new: String, keeping contents: [String: Data]) throws {
        if exchangesPlaces(new, path) {
            moveOthers(from: new, except: contents)
            try? files.removeItem(atPath: new)
        } else {
            try exchangeInTwoSteps(new, keeping: contents)
        }
    }

    /// Linux's own call for this, which Swift's view of glibc hides: found by its name. False: the file system cannot do it.
    private func exchangesPlaces(_ left: String, _ right: String) -> Bool {
        typealias Rename = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        guard let symbol = dlsym(nil, "renameat2") else { return false }
        let exchange: UInt32 = 1 << 1
        return unsafeBitCast(symbol, to: Rename.self)(AT_FDCWD, left, AT_FDCWD, right, exchange) == 0
    }

    /// Where the file system cannot exchange: between the two renames there is no folder; a reader then fails, but never reads a mixture.
    private func exchangeInTwoSteps(_ new: String, keeping contents: [String: Data]) throws {
        let old = path + ".old-\(UUID().uuidString)"
        guard Glibc.rename(path, old) == 0 else { throw AdapterError.unwritable(file: path, reason: String(cString: strerror(errno))) }
        do {
            try rename(new)
        } catch {
            _ = Glibc.rename(old, path)
            throw error
        }
        moveOthers(from: old, except: contents)
        try? files.removeItem(atPath: old)
    }

    private func moveOthers(from old: String, except contents: [String: Data]) {
        for name in (try? files.contentsOfDirectory(atPath: old)) ?? [] where contents[name] == nil {
            try? files.moveItem(atPath: old + "/" + name, toPath: path + "/" + name)
        }
    }
}
