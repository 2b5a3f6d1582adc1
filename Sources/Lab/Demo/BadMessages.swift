/// What real topics also carry. Each ends as a row in `rejected`, or as labels where a text can be found in it; none is lost.
enum BadMessages {
    /// Name and payload; nil is a null payload.
    static let all: [(name: String, payload: [UInt8]?)] = [
        ("a null payload", nil),
        ("an empty payload", []),
        ("bytes that are not UTF-8", [0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x7D]),
        ("not JSON", Array("plain words, no braces".utf8)),
        ("JSON that is cut off", Array(#"{"description": "half of a"#.utf8)),
        ("JSON without the text", Array(#"{"package": "no-description"}"#.utf8)),
        ("a text that is a number", Array(#"{"description": 42, "kind": "binary"}"#.utf8)),
        ("an empty text", Array(#"{"description": "", "kind": "binary"}"#.utf8)),
        ("a text of blanks", Array(#"{"description": "   ", "kind": "binary"}"#.utf8)),
        ("a text with U+0000", Array(#"{"description": "a game\u0000 of chess", "kind": "binary"}"#.utf8)),
        (
            "a text of 1 MB",
            Array(#"{"description": ""#.utf8) + Array(repeating: UInt8(ascii: "x"), count: 1_000_000)
                + Array(#"", "kind": "binary"}"#.utf8)
        ),
    ]
}
