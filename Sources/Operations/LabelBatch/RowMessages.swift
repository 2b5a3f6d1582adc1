import JSON
import Serving
import Training

/// Makes a record of each row, as if it had come from a topic.
///
/// The record's payload is the row as a JSON object, so that the pipeline's pointers to text and routes work. Its
/// offset is the row's number from 0, also where a row before it is broken: the same rows get the same origins.
struct RowMessages: Sendable {
    private let partition: SourcePartition
    private let columns: RowColumns
    private let batchTime: Int64?
    /// Where the pipeline looks for the text; at least one.
    private let pointers: [JSONPointer]
    private let textColumn: TextColumn
    /// Rows so far.
    private(set) var count: Int64 = 0

    /// - Parameters:
    ///   - topic: what stands for a topic in the origin of the rows.
    ///   - pointers: where the pipeline looks for the text.
    ///   - batchTime: the time of rows that have none; nil: all rows have one.
    init(topic: String, pointers: [JSONPointer], columns: RowColumns, batchTime: Int64?) {
        (self.pointers, self.columns, self.batchTime) = (pointers, columns, batchTime)
        partition = SourcePartition(topic: topic, partition: 0)
        textColumn = TextColumn(requested: columns.text)
    }

    /// Checks the columns that all rows have.
    ///
    /// - Throws: if none of them can be the text, or if rows have no time.
    func require(_ names: [String]?, of input: String) throws {
        guard let names else {
            // Lines have no columns at all; objects are checked one by one.
            return
        }
        let index = try textColumn.index(in: names, source: input)
        if index == nil, !names.contains(where: isRoot) {
            let looked = pointers.map(\.description).joined(separator: ", ")
            throw CommandFailure(
                .failed,
                "\(input): no column is the text: the columns are \(names.joined(separator: ", ")), and the pipeline "
                    + "reads \(looked): name one of them text, or give --text-column")
        }
        if batchTime == nil, !names.contains(columns.time) { throw CommandFailure(.usage, "\(input): \(lackOfTime)") }
    }

    private var lackOfTime: String {
        "the rows have no column \(columns.time): give --time, the time of the batch, so that the same batch "
            + "overwrites its rows and another batch does not"
    }

    /// The record of the next row.
    ///
    /// - Parameter names: the columns of all rows; nil if each row has its own.
    /// - Throws: if the row has no time, or one that cannot be read.
    mutating func next(_ input: InputRow, columns names: [String]?, of source: String) throws -> SourceMessage {
        defer { count += 1 }
        if case .unreadable(let line) = input.row {
            // It is rejected, so its time matters little.
            return message(key: input.known?.key, payload: line, time: input.known?.time ?? batchTime)
        }
        let (members, bytes) = parts(input.row, names)
        guard let time = try input.known?.time ?? time(members, of: source) ?? batchTime else {
            throw CommandFailure(.failed, "\(source): row \(count + 1): \(lackOfTime)")
        }
        let key =
            input.known.map(\.key)
            ?? members.first { $0.key == columns.key }.flatMap { Self.key($0.value) }
        return message(key: key, payload: payload(members, bytes, of: source), time: time)
    }

    private func message(key: [UInt8]?, payload: [UInt8], time: Int64?) -> SourceMessage {
        SourceMessage(
            origin: Origin(topic: partition.topic, partition: partition.partition, offset: count), key: key,
            payload: payload, producedAt: time)
    }

    private typealias Members = [(key: String, value: JSONValue)]

    private func parts(_ row: RowStream.Row, _ names: [String]?) -> (members: Members, bytes: [UInt8]?) {
        switch row {
        case .object(.object(let members), let bytes): (members, bytes)
        case .cells(let cells): (zip(names ?? [], cells).map { ($0, .string($1)) }, nil)
        case .text(let text): (Self.placing(.string(text), at: pointers[0].tokens[...], in: []), nil)
        case .object, .unreadable: ([], nil)
        }
    }

    private func isRoot(_ name: String) -> Bool { pointers.contains { $0.tokens.first == name } }

    /// The row as it is, if the pipeline finds its text there; else with the text where the pipeline looks for it.
    private func payload(_ members: Members, _ bytes: [UInt8]?, of source: String) -> [UInt8] {
        let asItIs = { bytes ?? Array(JSONValue.object(members).text.utf8) }
        if columns.text == nil, members.contains(where: { isRoot($0.key) }) { return asItIs() }
        let index = try? textColumn.index(in: members.map(\.key), source: source)
        guard let index else {
            // Not another column's text for the one that was requested: the record is rejected for having none.
            guard columns.text != nil else { return asItIs() }
            return Array(JSONValue.object(members.filter { !isRoot($0.key) }).text.utf8)
        }
        let placed = Self.placing(members[index].value, at: pointers[0].tokens[...], in: members)
        return Array(JSONValue.object(placed).text.utf8)
    }

    /// Sets a value at a pointer, and objects on the way to it where there are none.
    private static func placing(_ value: JSONValue, at tokens: ArraySlice<String>, in members: Members) -> Members {
        guard let name = tokens.first else { return members }
        var inner = value
        if tokens.count > 1 {
            var present: Members = []
            if case .object(let members)? = members.first(where: { $0.key == name })?.value { present = members }
            inner = .object(placing(value, at: tokens.dropFirst(), in: present))
        }
        return members.filter { $0.key != name } + [(name, inner)]
    }

    /// Text and numbers as they are written; nothing else is a key.
    private static func key(_ value: JSONValue) -> [UInt8]? {
        switch value {
        case .string(let text): Array(text.utf8)
        case .number(let number): Array((Int64(exactly: number).map { "\($0)" } ?? "\(number)").utf8)
        default: nil
        }
    }

    private func time(_ members: Members, of source: String) throws -> Int64? {
        switch members.first(where: { $0.key == columns.time })?.value {
        case nil, .null?: return nil
        case .string(let text)?:
            if text.isEmpty { return nil }
            if let time = Int64(text) ?? TimeText(text)?.milliseconds { return time }
        case .number(let number)?: if let time = Int64(exactly: number.rounded()) { return time }
        default: break
        }
        throw CommandFailure(
            .failed,
            "\(source): row \(count + 1): the column \(columns.time) is no time: it must be like 2026-01-31, "
                + "2026-01-31T06:00:00Z, or a number of milliseconds since 1970")
    }
}
