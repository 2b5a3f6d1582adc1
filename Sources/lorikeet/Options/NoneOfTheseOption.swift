import ArgumentParser
import Serving

/// `--none-of-these`: from which distance on a text gets no label.
struct NoneOfTheseOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Give no label to texts beyond a distance: 2.5, for example, or 1%, the distance that at most 1% of "
                + "texts like those of the adapter's drift reference exceed.",
            valueName: "distance"))
    var noneOfThese: NoneOfThese?
}

extension NoneOfThese: ExpressibleByArgument {
    /// A distance from 0 to 1000, or a percentage from 0.01% to 50%.
    public init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let percent = Double(argument.dropLast()), (0.01...50).contains(percent) else { return nil }
            self = .falseAlarms(percent / 100)
        } else {
            guard let distance = Double(argument), (0...1000).contains(distance) else { return nil }
            self = .beyond(distance)
        }
    }
}
