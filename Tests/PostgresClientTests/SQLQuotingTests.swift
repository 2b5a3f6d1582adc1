import PostgresClient
import Testing

@Suite struct SQLQuotingTests {
    @Test(arguments: [
        ("labels", #""labels""#), ("a \"b\"", #""a ""b""""#), ("it's", #""it's""#),
        ("\"\u{301}", "\"\"\"\u{301}\""),
    ])
    func identifiersDoubleTheirQuotes(_ name: String, _ quoted: String) {
        #expect(SQLQuoting.identifier(name) == quoted)
    }

    @Test func literalsDoubleTheirQuotesAndKeepBackslashes() {
        #expect(SQLQuoting.literal("it's a \\ \"b\"") == "'it''s a \\ \"b\"'")
    }

    @Test func arrayLiteralsQuoteEveryText() {
        #expect(ArrayLiteral.texts([]) == "{}")
        #expect(ArrayLiteral.texts(["a", "b\"c\\", "NULL", ""]) == #"{"a","b\"c\\","NULL",""}"#)
    }
}
