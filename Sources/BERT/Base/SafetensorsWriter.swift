import JSON

/// One tensor to be written.
struct NamedTensor: Sendable, Equatable {
    var name: String
    var shape: [Int]
    /// Row-major.
    var values: [Float]
}

/// Writes tensors as canonical safetensors: float32, sorted by name, so that the same tensors give the same bytes.
enum SafetensorsWriter {
    static func bytes(_ tensors: [NamedTensor]) -> [UInt8] {
        let tensors = tensors.sorted { $0.name < $1.name }
        var header = #"{"__metadata__":{"format":"pt"}"#
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.values.count * 4
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            header += ","
            JSONValue.write(tensor.name, to: &header)
            header +=
                #":{"dtype":"F32","shape":[\#(shape)],"data_offsets":[\#(offset),\#(end)]}"#
            offset = end
        }
        header += "}"
        // Spaces align the data to 8 bytes, as the format requires.
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.utf8.count + offset)
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: header.utf8)
        for tensor in tensors { tensor.values.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }
}
