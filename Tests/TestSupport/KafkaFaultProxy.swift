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
        while let frame = KafkaWireReader.takeFrame(&requestBytes) {
            var reader = KafkaWireReader(frame)
            let (api, version) = (reader.int16(), reader.int16())
            asked[reader.int32()] = (api, version)
        }
        return .pass(bytes)
    }

    func fromServer(_ bytes: [UInt8]) -> ProxyVerdict {
        answerBytes += bytes
        var passed: [UInt8] = []
        while let frame = KafkaWireReader.takeFrame(&answerBytes) {
            passed += KafkaWireWriter.framed(rewritten(frame))
        }
        return .pass(passed)
    }

    private func rewritten(_ frame: [UInt8]) -> [UInt8] {
        var reader = KafkaWireReader(frame)
        let correlation = reader.int32()
        guard let request = asked.removeValue(forKey: correlation) else { return frame }
        var writer = KafkaWireWriter()
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
    private func metadata(version: Int16, _ reader: inout KafkaWireReader, _ writer: inout KafkaWireWriter) {
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
                var partition = KafkaWireWriter()
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
    private func coordinator(version: Int16, _ reader: inout KafkaWireReader, _ writer: inout KafkaWireWriter) {
        if version >= 1 { writer.int32(reader.int32()) }
        writer.int16(reader.int16())
        if version >= 1 { writer.string(reader.string()) }
        writer.int32(reader.int32())
        address(&reader, &writer)
    }

    private func address(_ reader: inout KafkaWireReader, _ writer: inout KafkaWireWriter) {
        _ = (reader.string(), reader.int32())
        writer.string(Array("127.0.0.1".utf8))
        writer.int32(Int32(port))
    }

    /// Fetch 4 to 11: names the aborted transactions.
    private func fetch(version: Int16, _ reader: inout KafkaWireReader, _ writer: inout KafkaWireWriter) {
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
            var header = KafkaWireReader(Array(records[position..<position + 51]))
            let (offset, length) = (header.int64(), Int(header.int32()))
            _ = header.take(31)
            batches.append((offset, header.int64()))
            position += 12 + length
        }
        return batches
    }
}
