import Files
import FoundationEssentials
import Reports

/// The file of a report: written whole or not at all.
public enum ReportFile {
    /// Refuses a path that is not writable, before hours of work.
    public static func check(_ path: String) throws(CommandFailure) {
        var isFolder = false
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder {
            throw CommandFailure(.failed, "\(path): is a folder; name a file for the report")
        }
        guard FileManager.default.fileExists(atPath: parent, isDirectory: &isFolder), isFolder else {
            throw CommandFailure(.failed, "\(path): the folder \(parent) does not exist")
        }
        guard FileManager.default.isWritableFile(atPath: parent) else {
            throw CommandFailure(.failed, "\(parent): is not writable")
        }
    }

    /// Writes the page; the error names the file.
    public static func write(_ page: ReportPage, to path: String) throws(CommandFailure) {
        do throws(FileError) { try AtomicFile(path: path).replace(page.html.utf8) } catch {
            throw CommandFailure(.failed, "\(path): cannot be written: \(error)")
        }
    }
}
