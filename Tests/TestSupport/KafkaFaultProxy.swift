import KafkaClient
import LocalServers
import Synchronization

/// A ``FaultProxy`` in front of an embedded broker that clients cannot get around: where an answer names the broker's
/// own address, it names the proxy's instead. It can also show what the embedded broker cannot do by itself: fewer
/// partitions than there are, a topic that is not there yet, another cluster behind the same address, transactions that
/// were aborted.
///
/// The broker must have one node only; the proxy makes it speak versions of Metadata and FindCoordinator whose layout
/// is written down here.
public final class KafkaFaultProxy: Sendable {
    /// What clients see.
    public struct View: Sendable {
        /// At most this number of partitions per topic.
        public var partitions = Int.max
        /// Where transactions begin that were aborted; their producers make no others.
        public var abortedOffsets: Set<Int64> = []
    }

    /// The proxy in front of the broker.
    public let proxy: FaultProxy
    /// What clients are made to see.
    public let view: SharedView
    /// The value of `bootstrap.servers` for clients of the proxy.
    public var bootstrapServers: String { proxy.address }

    /// Starts to listen.
    public init(broker: EmbeddedBroker) throws {
        try Self.prepare(broker)
        view = SharedView()
        let view = view
        proxy = try FaultProxy(to: try Self.upstream(broker)) { KafkaFrames(view: view, port: $0) }
    }

    /// Another cluster answers from now on, as if all topics had been deleted and created again.
    public func replace(by broker: EmbeddedBroker) throws {
        try Self.prepare(broker)
        proxy.setUpstream(try Self.upstream(broker))
    }

    /// Closes all connections and stops listening.
    public func stop() { proxy.stop() }

    private static func prepare(_ broker: EmbeddedBroker) throws {
        try broker.setVersions(.metadata, 0...2)
        try broker.setVersions(.findCoordinator, 0...2)
    }

    private static func upstream(_ broker: EmbeddedBroker) throws -> FaultProxy.Upstream {
        guard let port = broker.bootstrapServers.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw KafkaError(code: 0, name: "", message: "no port in \(broker.bootstrapServers)")
        }
        return .tcp(address: "127.0.0.1", port: port)
    }

    /// A ``View`` that several connections read.
    public final class SharedView: Sendable {
        private let view = Mutex(View())

        /// The present view.
        public var value: View { view.withLock { $0 } }
        /// Changes the view.
        public func update(_ change: (inout View) -> Void) { view.withLock { change(&$0) } }
    }
}

/// Cuts a connection's bytes into requests and answers, and rewrites some answers.
private final class KafkaFrames: ProxyFilter {
    private let view: KafkaFaultProxy.SharedView
    private let port: UInt16
    private var requestBytes: [UInt8] = []
    private var answerBytes: [UInt8] = []
    /// Kind and version of requests that have no answer yet, by correlation id.
    private var asked: [Int32: (api: Int16, version: Int16)] = [:]

    init(view: KafkaFaultProxy.SharedView, port: UInt16) {
        self.view = view
        self.port = port
    }

    func fromClient(_ bytes: [UInt8]) -> ProxyVerdict {
        requestBytes += bytes
        while let frame = Self.takeFrame(&requestBytes) {
            var reader = KafkaReader(frame)
            let (api, version) = (reader.int16(), reader.int16())
            asked[reader.int32()] = (api, version)
        }
        return .pass(bytes)
    }

    func fromServer(_ bytes: [UInt8]) -> ProxyVerdict {
        answerBytes += bytes
        var passed: [UInt8] = []
        while let frame = Self.takeFrame(&answerBytes) {
            let rewritten = rewritten(frame)
            var size = KafkaWriter()
            size.int32(Int32(rewritten.count))
            passed += size.bytes + rewritten
        }
        return .pass(passed)
    }

    private static func takeFrame(_ bytes: inout [UInt8]) -> [UInt8]? {
        guard bytes.count >= 4 else { return nil }
        var reader = KafkaReader(bytes)
        let size = Int(reader.int32())
        guard bytes.count >= 4 + size else { return nil }
        defer { bytes.removeFirst(4 + size) }
        return Array(bytes[4..<4 + size])
    }

    private func rewritten(_ frame: [UInt8]) -> [UInt8] {
        var reader = KafkaReader(frame)
        let correlation = reader.int32()
        guard let request = asked.removeValue(forKey: correlation) else { return frame }
        var writer = KafkaWriter()
        writer.int32(correlation)
        switch request.api {
        case KafkaAPI.metadata.rawValue: metadata(version: request.version, &reader, &writer)
        case KafkaAPI.findCoordinator.rawValue: coordinator(version: request.version, &reader, &writer)
        case KafkaAPI.fetch.rawValue where !view.value.abortedOffsets.isEmpty:
            fetch(version: request.version, &reader, &writer)
        default: return frame
        }
        return writer.bytes + reader.rest
    }

    /// Metadata 0 to 2.
    private func metadata(version: Int16, _ reader: inout KafkaReader, _ writer: inout KafkaWriter) {
        let limit = view.value.partitions
        writer.array(reader.int32()) { writer in
            writer.int32(reader.int32())
            address(&reader, &writer)
            if version >= 1 { writer.string(reader.string()) }  // rack
        }
        if version >= 2 { writer.string(reader.string()) }  // cluster
        if version >= 1 { writer.int32(reader.int32()) }  // controller
        writer.array(reader.int32()) { writer in
            writer.int16(reader.int16())
            writer.string(reader.string())
            if version >= 1 { writer.int8(reader.int8()) }
            let partitions = (0..<Int(reader.int32())).map { _ in
                var partition = KafkaWriter()
                partition.int16(reader.int16())
                let number = reader.int32()
                partition.int32(number)
                partition.int32(reader.int32())
                for _ in 0..<2 { partition.array(reader.int32()) { $0.int32(reader.int32()) } }
                return (number, partition.bytes)
            }.filter { $0.0 < limit }
            writer.int32(Int32(partitions.count))
            for (_, bytes) in partitions { writer.bytes += bytes }
        }
    }

    /// FindCoordinator 0 to 2.
    private func coordinator(version: Int16, _ reader: inout KafkaReader, _ writer: inout KafkaWriter) {
        if version >= 1 { writer.int32(reader.int32()) }
        writer.int16(reader.int16())
        if version >= 1 { writer.string(reader.string()) }
        writer.int32(reader.int32())
        address(&reader, &writer)
    }

    private func address(_ reader: inout KafkaReader, _ writer: inout KafkaWriter) {
        _ = (reader.string(), reader.int32())
        writer.string(Array("127.0.0.1".utf8))
        writer.int32(Int32(port))
    }

    /// Fetch 4 to 11: names the aborted transactions.
    private func fetch(version: Int16, _ reader: inout KafkaReader, _ writer: inout KafkaWriter) {
        let offsets = view.value.abortedOffsets
        writer.int32(reader.int32())
        if version >= 7 {
            writer.int16(reader.int16())
            writer.int32(reader.int32())
        }
        writer.array(reader.int32()) { writer in
            writer.string(reader.string())
            writer.array(reader.int32()) { writer in
                writer.int32(reader.int32())
                writer.int16(reader.int16())
                for _ in 0..<(version >= 5 ? 3 : 2) { writer.int64(reader.int64()) }
                for _ in 0..<max(0, reader.int32()) { _ = (reader.int64(), reader.int64()) }
                let replica = version >= 11 ? reader.int32() : nil
                let size = reader.int32()
                let records = reader.take(Int(max(0, size)))
                let aborted = Self.batches(records).filter { offsets.contains($0.offset) }
                writer.int32(Int32(aborted.count))
                for batch in aborted {
                    writer.int64(batch.producer)
                    writer.int64(batch.offset)
                }
                if let replica { writer.int32(replica) }
                writer.int32(size)
                writer.bytes += records
            }
        }
    }

    /// First offset and producer of each record batch (magic 2).
    private static func batches(_ records: [UInt8]) -> [(offset: Int64, producer: Int64)] {
        var batches: [(offset: Int64, producer: Int64)] = []
        var position = 0
        while position + 51 <= records.count {
            var header = KafkaReader(Array(records[position..<position + 51]))
            let (offset, length) = (header.int64(), Int(header.int32()))
            _ = header.take(31)
            batches.append((offset, header.int64()))
            position += 12 + length
        }
        return batches
    }
}

/// Reads Kafka's integers and strings; past the end it reads zeros.
struct KafkaReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var rest: [UInt8] { Array(bytes.dropFirst(position)) }

    mutating func take(_ count: Int) -> [UInt8] {
        let taken = Array(bytes.dropFirst(position).prefix(count))
        position += taken.count
        return taken
    }

    mutating func int8() -> Int8 { integer() }
    mutating func int16() -> Int16 { integer() }
    mutating func int32() -> Int32 { integer() }
    mutating func int64() -> Int64 { integer() }

    /// `nil` is null.
    mutating func string() -> [UInt8]? {
        let count = int16()
        return count < 0 ? nil : take(Int(count))
    }

    private mutating func integer<Value: FixedWidthInteger>() -> Value {
        take(Value.bitWidth / 8).reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }
}

/// Writes Kafka's integers and strings.
struct KafkaWriter {
    var bytes: [UInt8] = []

    mutating func int8(_ value: Int8) { integer(value) }
    mutating func int16(_ value: Int16) { integer(value) }
    mutating func int32(_ value: Int32) { integer(value) }
    mutating func int64(_ value: Int64) { integer(value) }

    mutating func string(_ value: [UInt8]?) {
        int16(value.map { Int16($0.count) } ?? -1)
        bytes += value ?? []
    }

    mutating func array(_ count: Int32, _ element: (inout KafkaWriter) -> Void) {
        int32(count)
        for _ in 0..<max(0, count) { element(&self) }
    }

    private mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }
}
