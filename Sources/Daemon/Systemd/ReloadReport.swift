import Files

/// How the last reload ended. The daemon writes it into its runtime directory, and `lorikeet reload` reads it: a signal
/// has no answer.
///
/// The first line is the time at which the reload began, the others are its problems.
struct ReloadReport: Sendable, Equatable {
    /// Before the files were read: the report is about every change that was made until then.
    var began: MonotonicTime
    /// Empty if the files are in force now.
    var problems: [String]

    private static let largest = 1 << 20

    /// The file's name in a runtime directory.
    static let fileName = "reload"

    func write(to folder: String) throws(FileError) {
        let lines = ["\(began.microseconds)"] + problems
        try AtomicFile(path: "\(folder)/\(Self.fileName)").replace(lines.map { $0 + "\n" }.joined().utf8)
    }

    /// - Returns: nil if the daemon has never reloaded.
    static func read(from folder: String) throws(FileError) -> ReloadReport? {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileContents.array(path: "\(folder)/\(fileName)", atMost: largest)
        } catch .missing {
            return nil
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard let microseconds = lines.first.flatMap({ UInt64($0) }) else { return nil }
        return ReloadReport(began: MonotonicTime(microseconds: microseconds), problems: Array(lines.dropFirst()))
    }
}
