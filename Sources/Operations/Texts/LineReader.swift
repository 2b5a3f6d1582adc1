import Training

/// Reads lines from a file descriptor as they arrive.
struct LineReader {
    private let descriptor: Int32
    private let name: String
    private var buffer: [UInt8] = []
    /// The bytes of the buffer that are known to hold no line end.
    private var scanned = 0
    private var linesRead = 0
    private var isAtEnd = false

    init(descriptor: Int32, name: String) { (self.descriptor, self.name) = (descriptor, name) }

    /// Waits for at least one line, then returns all that have arrived, without line ends; nil at the end of the input.
    mutating func next(atMost limit: Int) throws(DatasetError) -> [String]? {
        while true {
            let lines = try takeLines(atMost: limit)
            if !lines.isEmpty { return lines }
            if isAtEnd { return nil }
            try fill()
        }
    }

    private mutating func takeLines(atMost limit: Int) throws(DatasetError) -> [String] {
        var lines: [String] = []
        var start = 0
        while lines.count < limit {
            guard let end = buffer[max(start, scanned)...].firstIndex(of: UInt8(ascii: "\n")) else {
                scanned = buffer.count
                break
            }
            lines.append(try text(buffer[start..<end]))
            start = end + 1
        }
        buffer.removeFirst(start)
        scanned = max(0, scanned - start)
        // The last line may lack its line end.
        if isAtEnd, lines.count < limit, !buffer.isEmpty {
            lines.append(try text(buffer[...]))
            (buffer, scanned) = ([], 0)
        }
        return lines
    }

    private mutating func text(_ line: ArraySlice<UInt8>) throws(DatasetError) -> String {
        linesRead += 1
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard let text = String(validating: line, as: UTF8.self) else {
            throw .badLine(file: name, line: linesRead, reason: "not UTF-8")
        }
        return text
    }

    private mutating func fill() throws(DatasetError) {
        let chunk = try SourceBytes.next(of: descriptor, name: name)
        if chunk.isEmpty { isAtEnd = true }
        buffer.append(contentsOf: chunk)
    }
}
