/// Labelled rows in a file: `.tsv` (`label<TAB>text`) or `.jsonl` (`{"text":…,"label":…}`); `-` is standard input.
public struct LabelledFile {
    /// All rows of the file, in order.
    public static func read(path: String) throws(DatasetError) -> [LabelledText] { [] }

    /// Texts only, for classifying: `.tsv` rows may lack a label, `.jsonl` objects too, any other file is a text a line.
    public static func readTexts(path: String) throws(DatasetError) -> [String] { [] }
}
