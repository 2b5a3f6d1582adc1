import Glibc
import Threading

extension ServerFolder {
    /// Finds PostgreSQL's programs.
    enum Binaries {
        /// The newest version in Debian's folder, else the first on PATH.
        static func folder() -> String? {
            let versions = ServerFolder.entries(of: "/usr/lib/postgresql").compactMap { Int($0) }.sorted(by: >)
            let path = getenv("PATH").map { String(cString: $0) } ?? ""
            let folders = versions.map { "/usr/lib/postgresql/\($0)/bin" } + path.split(separator: ":").map(String.init)
            return folders.first { folder in
                ["initdb", "postgres"].allSatisfy { access("\(folder)/\($0)", X_OK) == 0 }
            }
        }
    }
}

/// The folder of a private server, and reading from it and from `/proc`.
enum ServerFolder {
    /// The longest path of a Unix socket, without the final zero byte.
    private static let longestSocketPath = 107

    static func make(in directory: String?, owner: ServerUser?) throws(PrivatePostgresError) -> String {
        let given = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let parent = directory ?? (given.isEmpty ? "/tmp" : given)
        guard let absolute = realpath(parent, nil) else { throw .folder(path: parent, reason: SystemError.text(errno)) }
        defer { free(absolute) }
        let template = String(cString: absolute) + "/lorikeet-postgres-XXXXXX"
        if template.utf8.count + "/.s.PGSQL.5432".utf8.count > longestSocketPath {
            throw .folder(
                path: parent,
                reason: "too long for a Unix socket: with '/lorikeet-postgres-XXXXXX/.s.PGSQL.5432' it may have "
                    + "\(longestSocketPath) bytes"
            )
        }
        var path = Array(template.utf8CString)
        guard mkdtemp(&path) != nil else { throw .folder(path: parent, reason: SystemError.text(errno)) }
        let folder = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if let owner, chown(folder, owner.id, owner.group) != 0 {
            let reason = SystemError.text(errno)
            rmdir(folder)
            throw .folder(path: folder, reason: reason)
        }
        return folder
    }

    /// The last 64 KiB of a file, "" if it cannot be read.
    static func contents(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65536)
        let end = lseek(descriptor, 0, Int32(SEEK_END))
        if end > bytes.count {
            lseek(descriptor, end - bytes.count, Int32(SEEK_SET))
        } else {
            lseek(descriptor, 0, Int32(SEEK_SET))
        }
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// The last lines of a log.
    static func tail(of path: String, lines: Int = 10) -> String {
        contents(of: path).split(separator: "\n").suffix(lines).joined(separator: "\n")
    }

    static func entries(of folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    /// The running children of a process, from `/proc`.
    static func children(of parent: pid_t) -> [pid_t] {
        entries(of: "/proc").compactMap { pid_t($0) }.filter { process in
            // The name in parentheses may contain anything; state and parent follow it.
            let stat = contents(of: "/proc/\(process)/stat")
            guard let end = stat.lastIndex(of: ")") else { return false }
            let fields = stat[end...].split(separator: " ")
            return fields.count > 2 && pid_t(fields[2]) == parent
        }
    }
}
