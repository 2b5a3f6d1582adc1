/// Names and values in columns: settings, counts, versions.
struct DefinitionList {
    private(set) var pairs: [(name: String, value: String)] = []

    mutating func add(_ name: String, _ value: String) { pairs.append((name, value)) }
    mutating func add(_ name: String, _ value: Int) { pairs.append((name, String(value))) }

    var markup: Markup {
        let items = pairs.map { pair -> Markup in "<div><dt>\(pair.name)</dt><dd>\(pair.value)</dd></div>\n" }
        return "<dl class=\"pairs\">\n\(Markup.joined(items))</dl>\n"
    }
}
