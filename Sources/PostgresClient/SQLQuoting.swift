/// Quoting for statements that take no parameters, such as DDL.
public enum SQLQuoting {
    /// A name as SQL quotes it: table, column, role, channel.
    public static func identifier(_ name: String) -> String { quoted(name, by: "\"") }

    /// A string constant. Backslashes stay as they are, because `standard_conforming_strings` is on.
    public static func literal(_ text: String) -> String { quoted(text, by: "'") }

    /// By scalars: a quote with a combining mark is another character, and still a quote to the server.
    private static func quoted(_ text: String, by quote: Unicode.Scalar) -> String {
        var quoted = String.UnicodeScalarView([quote])
        for scalar in text.unicodeScalars {
            if scalar == quote { quoted.append(quote) }
            quoted.append(scalar)
        }
        quoted.append(quote)
        return String(quoted)
    }
}
