import Testing

@Suite struct SwiftLexerTests {
    private func words(_ text: String) -> [String] {
        SwiftLexer.code(of: text).filter { $0.kind == .word }.map(\.text)
    }

    private func strings(_ text: String) -> [String] {
        SwiftLexer.tokens(of: text).filter { $0.kind == .string }.map(\.text)
    }

    @Test func commentsAreNoCode() {
        #expect(words("a // b {\n/* c /* d */ e */ f") == ["a", "f"])
    }

    @Test func stringsAreNoCode() {
        #expect(words(#"let a = "func { \" b" + c"#) == ["let", "a", "c"])
        #expect(strings(#"let a = "func { \" b" + c"#) == [#"func { \" b"#])
    }

    @Test func interpolationsAreCode() {
        #expect(words(#""a \(b(c, "d \(e)")) f" + g"#) == ["b", "c", "e", "g"])
    }

    @Test func rawStringsEndAtTheirOwnFence() {
        #expect(words(##"#"a " \(b) \#(c)"# + d"##) == ["c", "d"])
    }

    @Test func linesOfMultilineStringsAreTokensWithTheirLines() {
        let tokens = SwiftLexer.tokens(of: "let a = \"\"\"\n    one \"two\"\n    three \\\n    four\n    \"\"\"\nb")
        let lines = tokens.filter { $0.kind == .string && !$0.text.isEmpty }.map { "\($0.line)\($0.text)" }
        #expect(lines.contains("2    one \"two\""))
        #expect(lines.contains("4    four"))
        #expect(tokens.last == Token(kind: .word, text: "b", line: 6))
    }

    @Test func regexLiteralsAreNoCode() {
        #expect(words(#"a.matches(of: /"([^{]+)\/"/).b"#) == ["a", "matches", "of", "b"])
        #expect(words("a / b / c") == ["a", "b", "c"])
    }

    @Test func conditionsOfTheCompilerAreNoStrings() {
        #expect(words("#if DEBUG\na\n#endif") == ["if", "DEBUG", "a", "endif"])
    }

    @Test func unclosedStringsEndWithTheText() {
        #expect(words("a \"b") == ["a"])
        #expect(words("a \"\"\"\nb \\(c") == ["a", "c"])
        #expect(words("a /* b") == ["a"])
    }
}

@Suite struct SwiftDeclarationsTests {
    @Test func bodiesAreMeasuredFromKeywordToBrace() {
        let text = """
            struct S {
                let a: Int
                init(a: Int = [1].map { $0 }[0]) {
                    self.a = a
                }
                func f<T>(
                    _ x: T
                ) throws(E) -> T where T: P {
                    if a > 0 { return x }
                    return g("}")
                }
                var b: Int { a }
                var c: Int = { 1 }()
            }
            protocol P {
                func required(by: Int) -> Int
                var d: Int { get }
                init()
            }
            """
        #expect(
            SwiftDeclarations(text).bodies.map { "\($0.name) \($0.line) \($0.lines)" } == [
                "init 3 3", "f 6 6", "b 12 1", "d 17 1",
            ])
    }

    @Test func callsOfInitializersAreNoDeclarations() {
        #expect(SwiftDeclarations("let a = S.init(b) { c }\nself.init(d)").bodies.isEmpty)
    }

    @Test func onlyTypesOutsideOthersAreTopLevel() {
        let text = """
            public final class A { struct B {} }
            extension A { enum C {} }
            private actor D {}
            typealias E = Int
            import struct F.G
            func f() { struct H {} }
            """
        #expect(SwiftDeclarations(text).topLevelTypes.map(\.text) == ["A", "D", "E"])
    }

    @Test func importsOfDeclarationsNameTheModule() {
        let text = "import A\n@testable import B\npublic import struct C.D\n// import E\nlet a = \"import F\""
        #expect(SwiftDeclarations(text).imports.map(\.text) == ["A", "B", "C"])
    }

    @Test func namesForOthersAreTopLevelOrInExtensions() {
        let text = """
            struct A { func inner() {} }
            func b() { let local = 1 }
            extension A {
                func c() {}
                init(label: Int) {}
            }
            """
        #expect(SwiftDeclarations(text).usableNames == ["A", "b", "c", "label"])
    }
}
