import ArgumentParser
import BERT

/// `--long-texts`: how texts are read that are longer than a window.
struct LongTextsOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How to read texts longer than a window: window=256,stride=192,pool=mean,maximum_windows=64, where each "
                + "part may be left out and pool is mean, max or first; or cut. Default: as the adapter was trained.",
            valueName: "windows"),
        transform: LongTextsOption.parse)
    var longTexts: LongTextsChoice?

    /// What is given, or what the adapter says.
    var choice: LongTextsChoice { longTexts ?? .asTrained }

    /// What is given; nil without windows.
    var given: LongTexts? { if case .windows(let longTexts)? = longTexts { longTexts } else { nil } }

    static func parse(_ argument: String) throws -> LongTextsChoice {
        if argument == "cut" { return .cut }
        var values: [String: Substring] = [:]
        for part in argument.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { throw ValidationError("\"\(part)\" is not KEY=VALUE, such as window=256") }
            guard values.updateValue(pair[1], forKey: String(pair[0])) == nil else {
                throw ValidationError("\(pair[0]) is given twice")
            }
        }
        let known = ["window", "stride", "pool", "maximum_windows"]
        if let unknown = values.keys.sorted().first(where: { !known.contains($0) }) {
            throw ValidationError("there is no \(unknown); known are \(known.joined(separator: ", "))")
        }
        func integer(_ key: String) throws -> Int? {
            guard let text = values[key] else { return nil }
            guard let number = Int(text) else { throw ValidationError("\(key) must be a whole number") }
            return number
        }
        var longTexts = LongTexts(window: try integer("window") ?? LongTexts().window)
        if let stride = try integer("stride") { longTexts.stride = stride }
        if let maximum = try integer("maximum_windows") { longTexts.maximumWindows = maximum }
        if let name = values["pool"] {
            guard let pool = LongTexts.Pool(rawValue: String(name)) else {
                throw ValidationError("pool must be mean, max or first")
            }
            longTexts.pool = pool
        }
        if let problem = longTexts.problem { throw ValidationError("\(problem.key) \(problem.reason)") }
        return .windows(longTexts)
    }
}
