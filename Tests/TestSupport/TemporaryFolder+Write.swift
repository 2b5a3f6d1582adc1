import Foundation

extension TemporaryFolder {
    /// Writes a file and returns its path.
    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String { try write(name, Data(text.utf8)) }

    /// Writes a file and returns its path.
    @discardableResult
    public func write(_ name: String, _ data: Data) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try data.write(to: URL(fileURLWithPath: file))
        return file
    }

    /// The number that the system has given a file (inode): a file that is replaced has another one. Nil if there is
    /// no such file.
    public func fileNumber(_ name: String) -> UInt64? {
        var status = stat()
        return stat(path + "/" + name, &status) == 0 ? UInt64(status.st_ino) : nil
    }
}
