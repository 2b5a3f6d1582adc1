import Files
import Foundation
import Operations
import Reports

/// A report's file: whole or not at all.
enum ReportFile {
    /// Refuses a place that nothing can be written to, before hours of work.
    static func check(_ path: String) throws(CommandFailure) {
        var isFolder: ObjCBool = false
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw CommandFailure(.failed, "\(path): is a folder; the report is a file")
        }
        guard FileManager.default.fileExists(atPath: parent, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandFailure(.failed, "\(path): there is no folder \(parent)")
        }
        guard FileManager.default.isWritableFile(atPath: parent) else {
            throw CommandFailure(.failed, "\(parent): cannot be written to")
        }
    }

    static func write(_ page: ReportPage, to path: String) throws(CommandFailure) {
        do throws(FileError) { try AtomicFile(path: path).replace(page.html.utf8) } catch {
            throw CommandFailure(.failed, "\(path): cannot be written: \(error)")
        }
    }
}
