import Foundation

extension TestModels {
    /// Changes a tiny BERT so that int8 destroys the feed-forward output of one layer, and float32 does not notice.
    ///
    /// In every row of the weights, one is huge. It decides the scale of the row, so that all the others round to 0.
    /// Its input is always 0: the bias before the GELU is far below 0.
    public static func writeOutliers(to folder: String, layer: Int) throws {
        let path = URL(fileURLWithPath: folder + "/model.safetensors")
        var file = [UInt8](try Data(contentsOf: path))
        let length = file[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: Data(file[8..<8 + length])) as? [String: Any]
        func place(_ name: String) throws -> (start: Int, shape: [Int]) {
            guard let tensor = header?["encoder.layer.\(layer).\(name)"] as? [String: Any],
                let shape = tensor["shape"] as? [Int], let offsets = tensor["data_offsets"] as? [Int]
            else { throw NoSuchTensor(name: name, layer: layer) }
            return (8 + length + offsets[0], shape)
        }
        func write(_ value: Float, at index: Int, from start: Int) {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes in
                file.replaceSubrange(start + 4 * index..<start + 4 * index + 4, with: bytes)
            }
        }
        write(-1_000, at: 0, from: try place("intermediate.dense.bias").start)
        let output = try place("output.dense.weight")
        for row in 0..<output.shape[0] { write(10_000, at: row * output.shape[1], from: output.start) }
        try Data(file).write(to: path)
    }

    private struct NoSuchTensor: Error {
        let name: String
        let layer: Int
    }
}
