import CRdKafka
import Glibc

/// librdkafka's list of its properties, parsed from what it prints.
enum PropertyTable {
    /// Values of each property, as in `1 .. 3600000` or `earliest, latest`; empty if librdkafka does not restrict them.
    static let ranges = Dictionary(rows.map { ($0[0], $0[2]) }) { $1 }

    /// Names of the integer properties.
    static let integers = Set(rows.filter { $0[5].contains("Type: integer") }.map { $0[0] })

    /// Six columns each: `session.timeout.ms | C | 1 .. 3600000 | 45000 | high | … *Type: integer*`.
    private static let rows: [[String]] = printed().split(separator: "\n").compactMap { line in
        let columns = line.split(separator: "|", maxSplits: 5, omittingEmptySubsequences: false).map { trimmed($0) }
        return columns.count == 6 && ["C", "P", "*"].contains(columns[1]) ? columns : nil
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.trimmingPrefix { $0 == " " }.reversed().trimmingPrefix { $0 == " " }.reversed())
    }

    private static func printed() -> String {
        // The C library writes both at `fflush` and `fclose`, so their addresses must not change until then.
        let text = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: 1)
        let size = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        text.initialize(to: nil)
        size.initialize(to: 0)
        defer {
            free(text.pointee)
            text.deallocate()
            size.deallocate()
        }
        guard let file = open_memstream(text, size) else { return "" }
        rd_kafka_conf_properties_show(file)
        fclose(file)
        return text.pointee.map { String(cString: $0) } ?? ""
    }
}
