import ArgumentParser
import Reports

/// `--progress`: what a training shows on standard error while it runs.
struct ProgressOptions: ParsableArguments {
    enum Style: String, ExpressibleByArgument, CaseIterable {
        /// A bar where standard error is a terminal, else lines; nothing beside `--json`.
        case auto
        case bar, lines, json, none
    }

    @Option(
        help: ArgumentHelp(
            "Progress on standard error: bar, lines, json (an object a second) or none; auto: a bar on a terminal, lines elsewhere.",
            valueName: "how"))
    var progress = Style.auto

    /// The style, decided.
    func style(json: Bool) -> Style {
        guard progress == .auto else { return progress }
        if StandardError.isTerminal { return .bar }
        return json ? .none : .lines
    }
}
