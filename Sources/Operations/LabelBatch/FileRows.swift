import Glibc
import Training

/// Rows of a file or of standard input.
final class FileRows: RowInput {
    private let stream: RowStream

    /// - Throws: `DatasetError` if it cannot be read.
    init(path: String, format: RowFormat?) throws { stream = try RowStream(path: path, format: format) }

    var name: String { stream.name }
    var columns: [String]? { stream.columns }

    func next() throws -> InputRow? { try stream.next().map { InputRow(row: $0) } }

    /// When a file was last written, in milliseconds since 1970; nil for standard input, a pipe or a device: nobody
    /// knows that time when the batch is repeated.
    static func modified(_ path: String) -> Int64? {
        var status = stat()
        guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
    }
}
