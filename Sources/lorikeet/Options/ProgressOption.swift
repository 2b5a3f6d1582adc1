import ArgumentParser
import Reports

/// `--progress`: how a training shows its progress on standard error.
struct ProgressOption: ParsableArguments {
    enum Style: String, ExpressibleByArgument, CaseIterable {
        /// A bar where standard error is a terminal, else lines; nothing beside `--json`.
        case auto
        case bar, lines, json, none
    }

    @Option(
        help: ArgumentHelp(
            "Progress on standard error: bar, lines (every 10 s), json (every second) or none. "
                + "auto: a bar on a terminal, else lines, or nothing with --json.", valueName: "style"))
    var progress = Style.auto

    /// The style, decided.
    func style(json: Bool) -> Style {
        guard progress == .auto else { return progress }
        if StandardError.isTerminal { return .bar }
        return json ? .none : .lines
    }
}
