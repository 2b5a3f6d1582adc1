import CRdKafka
import Glibc

/// librdkafka's own list of its properties, as it prints it.
enum PropertyTable {
    /// What each property may be set to, as in `1 .. 3600000` or `earliest, latest`; empty where anything may be tried.
    static let ranges: [String: String] = {
        var ranges: [String: String] = [:]
        for line in printed().split(separator: "\n") {
            // `session.timeout.ms | C | 1 .. 3600000 | 45000 | high | …`
            let columns = line.split(separator: "|", maxSplits: 5, omittingEmptySubsequences: false).map { trimmed($0) }
            guard columns.count == 6, ["C", "P", "*"].contains(columns[1]) else { continue }
            ranges[columns[0]] = columns[2]
        }
        return ranges
    }()

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.trimmingPrefix { $0 == " " }.reversed().trimmingPrefix { $0 == " " }.reversed())
    }

    private static func printed() -> String {
        // The C library writes both at `fflush` and `fclose`: they have to stay where they are until then.
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
