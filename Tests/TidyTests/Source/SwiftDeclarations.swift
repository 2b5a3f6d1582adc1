/// A declaration with a body.
struct Body: Equatable {
    let name: String
    let line: Int
    /// From the line of the keyword to that of the closing brace.
    let lines: Int
}

/// A type or an extension: where its functions live.
struct Home: Equatable {
    /// `["A", "B"]` for an extension of `A.B`.
    let names: [String]
    let line: Int
    let lines: Int
}

/// What a file of Swift declares and names, read from its tokens.
struct SwiftDeclarations {
    let code: [Token]

    init(_ text: String) { code = SwiftLexer.code(of: text) }

    private static let typeKeywords: Set<String> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
    private static let homeKeywords: Set<String> = ["struct", "class", "enum", "actor", "extension"]
    private static let functionKeywords: Set<String> = ["func", "init", "deinit", "subscript", "var"]
    private static let endOfRequirement: Set<String> = [
        "func", "init", "deinit", "subscript", "var", "let", "associatedtype", "static", "mutating", "case", "struct",
        "enum", "class", "extension", "public", "private",
    ]

    /// Functions, initializers, subscripts and computed properties.
    var bodies: [Body] {
        code.indices.compactMap { index in
            guard Self.functionKeywords.contains(code[index].text), code[index].kind == .word else { return nil }
            guard index == 0 || code[index - 1].text != "." else { return nil }
            guard let open = bodyStart(after: index), let close = matchingBrace(open) else { return nil }
            let name = index + 1 < code.count ? code[index + 1].text : ""
            let first = code[index].line
            return Body(
                name: ["func", "var"].contains(code[index].text) ? name : code[index].text,
                line: first, lines: code[close].line - first + 1)
        }
    }

    /// The brace that opens the body of the declaration at `index`; nil for a requirement or a stored property.
    private func bodyStart(after index: Int) -> Int? {
        var depth = 0
        for next in (index + 1)..<max(index + 1, code.count) {
            let token = code[next]
            switch token.text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return next
            case "}" where depth == 0: return nil
            case "=" where depth == 0 && code[index].text == "var": return nil
            default:
                let isAfterName = next > index + 1 && token.line > code[index].line
                if depth == 0, isAfterName, Self.endOfRequirement.contains(token.text) { return nil }
            }
            if depth < 0 { return nil }
        }
        return nil
    }

    private func matchingBrace(_ open: Int) -> Int? {
        var depth = 0
        for index in open..<code.count {
            if code[index].text == "{" { depth += 1 }
            if code[index].text == "}" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }

    /// The types outside every other declaration.
    var topLevelTypes: [Token] {
        withDepths.compactMap { index, depth in
            guard depth == 0, Self.typeKeywords.contains(code[index].text), index + 1 < code.count else { return nil }
            guard index == 0 || !["import", "."].contains(code[index - 1].text) else { return nil }
            return code[index + 1].kind == .word ? code[index + 1] : nil
        }
    }

    /// The functions outside every type, without the private ones.
    var freeFunctions: [Token] {
        withDepths.compactMap { index, depth in
            guard depth == 0, code[index].text == "func", index + 1 < code.count else { return nil }
            return index > 0 && code[index - 1].text == "private" ? nil : code[index + 1]
        }
    }

    /// The types and extensions outside every other declaration that have functions.
    var homes: [Home] {
        withDepths.compactMap { index, depth in
            guard depth == 0, Self.homeKeywords.contains(code[index].text), let name = dottedName(at: index + 1),
                let open = bodyStart(after: index), let close = matchingBrace(open)
            else { return nil }
            let hasFunctions = code[open..<close].contains { $0.kind == .word && $0.text == "func" }
            guard hasFunctions else { return nil }
            return Home(names: name, line: code[index].line, lines: code[close].line - code[index].line + 1)
        }
    }

    /// `A.B` as its parts; nil if no name stands here.
    private func dottedName(at index: Int) -> [String]? {
        guard index < code.count, code[index].kind == .word else { return nil }
        var (names, next) = ([code[index].text], index + 1)
        while next + 1 < code.count, code[next].text == ".", code[next + 1].kind == .word {
            names.append(code[next + 1].text)
            next += 2
        }
        return names
    }

    /// The modules that the file imports.
    var imports: [Token] {
        withDepths.compactMap { index, depth in
            guard depth == 0, code[index].text == "import" else { return nil }
            var next = index + 1
            let kinds = Self.typeKeywords.union(["func", "var", "let"])
            while next < code.count, kinds.contains(code[next].text) { next += 1 }
            return next < code.count ? code[next] : nil
        }
    }

    /// By what names others use this file: its top-level declarations, and what its extensions add to other types.
    var usableNames: Set<String> {
        var names: Set<String> = []
        var isExtension = false
        for (index, depth) in withDepths where index + 1 < code.count {
            let (word, next) = (code[index].text, code[index + 1])
            if depth == 0, word == "extension" { isExtension = true }
            if depth == 0, Self.typeKeywords.contains(word) { isExtension = false }
            guard depth == 0 || depth == 1 && isExtension else { continue }
            if word == "init", depth == 1 {
                if index + 2 < code.count, code[index + 2].kind == .word { names.insert(code[index + 2].text) }
            } else if Self.typeKeywords.union(["func", "var", "let", "case"]).contains(word), next.kind == .word {
                if index == 0 || !["import", "."].contains(code[index - 1].text) { names.insert(next.text) }
            }
        }
        return names
    }

    /// Each token's index with the number of braces around it.
    private var withDepths: [(Int, Int)] {
        var depth = 0
        return code.indices.map { index in
            if code[index].text == "}" { depth -= 1 }
            defer { if code[index].text == "{" { depth += 1 } }
            return (index, depth)
        }
    }
}
