import Kernels

/// The places where transformers and PEFT apply dropout in training.
enum DropoutSite: UInt64 {
    case embeddings, attention, attentionOutput, output, classifier
    case adapterFused, adapterAttention, adapterMiddle, adapterOutput, adapterPooler
}

/// The dropout of a batch: the mask of each place, layer and text.
///
/// A mask depends on the number of the text, not on its neighbours, so that threads can share a batch.
struct TrainingDropout {
    let key: DropoutKey
    let rates: DropoutRates
    /// The rate on the adapters' inputs.
    let adapterRate: Float
    /// The number of the batch's first text.
    let firstSequence: Int

    private func rate(_ site: DropoutSite) -> Float {
        switch site {
        case .embeddings, .attentionOutput, .output: rates.hidden
        case .attention: rates.attention
        case .classifier: rates.classifier
        case .adapterFused, .adapterAttention, .adapterMiddle, .adapterOutput, .adapterPooler: adapterRate
        }
    }

    /// The dropout of a text at a place; nil if nothing is dropped.
    func at(_ site: DropoutSite, layer: Int, sequence: Int) -> Dropout? {
        guard rate(site) > 0 else { return nil }
        return Dropout(
            rate: rate(site),
            key: key.stream(UInt64(layer) << 8 | site.rawValue).stream(UInt64(firstSequence + sequence)))
    }

    func isActive(_ site: DropoutSite) -> Bool { rate(site) > 0 }
}

/// The rows of the texts of a batch: `ranges[i]` are those of text i.
struct TextRows {
    /// The number of the first text within the batch.
    let first: Int
    let ranges: [Range<Int>]

    var rowCount: Int { ranges.last?.upperBound ?? 0 }

    /// One row per text.
    var firstRows: TextRows { TextRows(first: first, ranges: ranges.indices.map { $0..<$0 + 1 }) }
}

extension TrainingDropout {
    /// y (+)= dropout(x) for [rows, columns], text by text. May run in place.
    func apply(
        _ site: DropoutSite, layer: Int, _ texts: TextRows, columns: Int, x: UnsafePointer<Float>,
        y: UnsafeMutablePointer<Float>,
        accumulate: Bool = false
    ) {
        for (number, rows) in texts.ranges.enumerated() {
            guard let dropped = at(site, layer: layer, sequence: texts.first + number) else { continue }
            let start = rows.lowerBound * columns
            dropout(
                dropped, rows: rows.count, columns: columns, x: x + start, xStride: columns, y: y + start,
                yStride: columns,
                accumulate: accumulate)
        }
    }
}
