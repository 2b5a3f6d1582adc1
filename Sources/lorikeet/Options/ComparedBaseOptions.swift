import ArgumentParser
import BERT
import Operations

/// `--base` and `--dtype` of `compare`: the base in one type for both adapters, or in two types.
struct ComparedBaseOptions: ParsableArguments {
    /// One type, or two with a comma between them.
    struct DataTypes: ExpressibleByArgument {
        let all: [DataType]

        init(all: [DataType]) { self.all = all }

        init?(argument: String) {
            let names = argument.split(separator: ",", omittingEmptySubsequences: false)
            let all = names.compactMap { DataType(rawValue: String($0)) }
            guard all.count == names.count, all.count <= 2, Set(all).count == all.count else { return nil }
            self.all = all
        }

        var defaultValueDescription: String { all.map(\.rawValue).joined(separator: ",") }
    }

    @OptionGroup var baseOption: BaseOption

    @Option(
        help: ArgumentHelp(
            "Type in which the base computes, for A and B. Two types with a comma, such as float32,int8: compare them "
                + "with one another, with the adapters of --adapter.",
            valueName: "type"))
    var dtype = DataTypes(all: [.float32])

    /// The folder, in each of the types.
    var folders: [BaseFolder] { dtype.all.map { BaseFolder(baseOption.base, precision: BasePrecision($0)) } }
}
