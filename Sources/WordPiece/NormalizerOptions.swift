/// The options of a BERT normaliser.
struct NormalizerOptions: Equatable, Sendable {
    /// Controls removed, every kind of blank made a space.
    var cleansText = true
    /// Each CJK ideograph between spaces.
    var splitsIdeographs = true
    /// Accents removed; nil: where text is lowercased.
    var stripsAccents: Bool?
    var lowercases = true

    var reallyStripsAccents: Bool { stripsAccents ?? lowercases }

    /// Leaves text as it is.
    static let none = NormalizerOptions(
        cleansText: false, splitsIdeographs: false, stripsAccents: false, lowercases: false)
}
