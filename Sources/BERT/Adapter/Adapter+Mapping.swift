import Glibc

extension Adapter {
    /// The same adapter with a head for the labels that a mapping leaves, to train on from.
    ///
    /// A renamed label keeps its row of the head, a retired one loses it. Merged labels get the mean of their k rows,
    /// and log k (times the temperature) on the bias: the tangent, where the old logits are equal, of the log-sum-exp
    /// that would give the sum of their probabilities. No row of a head can give the sum itself. The row of the most
    /// frequent label would be right for that label alone, and how frequent each was is not known here.
    ///
    /// - Throws: `AdapterError.invalidLabels` if no label is left.
    public func mapped(by mapping: LabelMapping) throws(AdapterError) -> Adapter {
        guard mapping.changes(labels) else { return self }
        let groups = mapping.groups(of: labels)
        var manifest = manifest
        manifest.labels = groups.map(\.label)
        manifest.thresholds = manifest.thresholds.map { thresholds in
            groups.map { group in group.places.map { thresholds[$0] }.reduce(1, min) }
        }
        // Fitted to the old labels.
        (manifest.calibration, manifest.abstention) = (nil, nil)
        let temperature = Float(manifest.temperature ?? 1)
        var tensors = layout.named(values.pointer)
        for (place, tensor) in tensors.enumerated() where AdapterLayout.isHead(tensor.name) {
            let width = tensor.values.count / labels.count
            let isBias = tensor.shape.count == 1
            tensors[place].shape[0] = groups.count
            tensors[place].values = groups.flatMap { group in
                Self.mean(group.places.map { tensor.values[($0 * width)..<(($0 + 1) * width)] })
                    .map { isBias ? $0 + temperature * log(Float(group.places.count)) : $0 }
            }
        }
        return try Adapter(manifest: manifest, weights: SafetensorsWriter.bytes(tensors), base: base)
    }

    /// The mean of rows of equal width. A single row stays as it is, bit for bit.
    private static func mean(_ rows: [ArraySlice<Float>]) -> [Float] {
        guard var sum = rows.first.map(Array.init) else { return [] }
        for row in rows.dropFirst() {
            for (place, value) in row.enumerated() { sum[place] += value }
        }
        return rows.count == 1 ? sum : sum.map { $0 / Float(rows.count) }
    }
}
