/// Who decides how long texts are read.
public enum LongTextsChoice: Sendable, Equatable {
    /// The adapter: as it was trained.
    case asTrained
    /// They are cut, whatever the adapter was trained on.
    case cut
    /// They are read like this, whatever the adapter was trained on.
    case windows(LongTexts)

    /// What a pipeline says of a task; nil: texts are cut.
    public init(_ longTexts: LongTexts?) { self = longTexts.map(LongTextsChoice.windows) ?? .cut }

    /// What speaks against reading long texts like this for an adapter, as a clause; nil if nothing does.
    public static func doubt(_ longTexts: LongTexts?, of manifest: AdapterManifest) -> String? {
        guard longTexts != manifest.longTexts else { return nil }
        let trained = manifest.longTexts.map { "with windows (\($0))" } ?? "on texts that were cut"
        let served = longTexts.map { "in windows (\($0))" } ?? "cut"
        return "the adapter was trained \(trained), but long texts are \(served): its temperature and thresholds may "
            + "not suit them"
    }

    /// How long texts are read for an adapter; nil: they are cut.
    public func longTexts(for manifest: AdapterManifest) -> LongTexts? {
        switch self {
        case .asTrained: manifest.longTexts
        case .cut: nil
        case .windows(let longTexts): longTexts
        }
    }
}
