import Kernels

/// What the layers share while a piece of a batch runs forward and backward.
struct TrainingStep {
    let texts: TextRows
    let dropout: TrainingDropout?
    /// The type of the products that carry gradients through rounded layers.
    let gradients: DataType
    /// The gradient buffer, in the layout of the adapter's values.
    let gradient: UnsafeMutablePointer<Float>
    let values: UnsafePointer<Float>

    /// The place of the gradient of the value at a pointer.
    func gradientPlace(_ value: UnsafePointer<Float>) -> UnsafeMutablePointer<Float> { gradient + (value - values) }

    /// The dropout at a place; nil if nothing is dropped.
    func dropout(at site: DropoutSite) -> TrainingDropout? {
        guard let dropout, dropout.isActive(site) else { return nil }
        return dropout
    }
}
