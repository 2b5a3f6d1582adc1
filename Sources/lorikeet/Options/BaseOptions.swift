import ArgumentParser
import BERT
import Operations
import WordPiece

/// `--base` and `--dtype`: the frozen model, and the type in which it computes.
struct BaseOptions: ParsableArguments {
    @OptionGroup var baseOption: BaseOption

    @Option(help: BaseOptions.dtypeHelp()) var dtype: BasePrecision = .float32

    /// The folder, and the types in which its base computes.
    var folder: BaseFolder { BaseFolder(baseOption.base, precision: dtype) }

    /// The help of `--dtype`.
    ///
    /// - Parameter note: what it is for, or its default.
    static func dtypeHelp(_ note: String = "") -> ArgumentHelp {
        ArgumentHelp("Type in which the base computes; adapters are always float32." + note, valueName: "type")
    }

    /// The base and its tokenizer.
    func load() throws -> (base: BERTBase, tokenizer: WordPieceTokenizer) {
        let loaded = try LoadedBase(folder)
        return (loaded.base, loaded.tokenizer)
    }
}

extension DataType: ExpressibleByArgument {}

extension BasePrecision: ExpressibleByArgument {
    /// Reads what `description` writes.
    public init?(argument: String) { self.init(argument) }

    /// Those without exceptions, for the help.
    public static var allValueStrings: [String] { DataType.allValueStrings }

    /// The same.
    public static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
