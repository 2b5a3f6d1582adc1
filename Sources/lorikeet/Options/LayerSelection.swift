import ArgumentParser
import Operations

/// `--layers`: all, or some by number from 0: `3,4,5`, `3-5`.
enum LayerSelection: Equatable, ExpressibleByArgument, CustomStringConvertible {
    case all
    case some([Int])

    init?(argument: String) {
        if argument == "all" {
            self = .all
            return
        }
        var layers: [Int] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            switch (ends.count, ends.first ?? nil, ends.last ?? nil) {
            case (1, let layer?, _) where layer >= 0: layers.append(layer)
            case (2, let first?, let last?) where 0 <= first && first <= last && last < 1_000: layers += first...last
            default: return nil
            }
        }
        self = .some(Set(layers).sorted())
    }

    /// The layers, if the base has them; nil: all.
    func layers(of count: Int) throws(CommandFailure) -> [Int]? {
        guard case .some(let layers) = self else { return nil }
        if let beyond = layers.first(where: { $0 >= count }) {
            throw CommandFailure(
                .usage, "--layers \(self): there is no layer \(beyond); this base has layers 0 to \(count - 1)")
        }
        return layers
    }

    var description: String {
        switch self {
        case .all: "all"
        case .some(let layers): layers.map(String.init).joined(separator: ",")
        }
    }

    var defaultValueDescription: String { description }
}

/// `--targets`: names of linear layers, separated by commas.
struct TargetSelection: Equatable, ExpressibleByArgument, CustomStringConvertible {
    let names: [String]

    init(names: [String]) { self.names = names }

    init?(argument: String) {
        names = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !names.isEmpty, !names.contains("") else { return nil }
    }

    var description: String { names.joined(separator: ",") }
    var defaultValueDescription: String { description }
}
