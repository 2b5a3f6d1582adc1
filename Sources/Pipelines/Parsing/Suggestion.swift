/// "Did you mean …?" for a mistyped word.
public enum Suggestion {
    /// ` (did you mean X?)`, or ` (known: …)` where nothing is near and the list is short, or nothing.
    public static func text(for word: String, among known: [String]) -> String {
        if let nearest = nearest(to: word, among: known) { return " (did you mean \(nearest)?)" }
        guard !known.isEmpty, known.count <= 12 else { return "" }
        return " (known: \(known.joined(separator: ", ")))"
    }

    /// The word with the fewest edits, if they are few for its length; of several, one as long as the word.
    static func nearest(to word: String, among known: [String]) -> String? {
        let word = Array(word.lowercased())
        let ranked = known.map { (name: $0, edits: edits(word, Array($0.lowercased()))) }
        func distance(_ name: String) -> Int { abs(name.count - word.count) }
        guard
            let best = ranked.min(by: { ($0.edits, distance($0.name)) < ($1.edits, distance($1.name)) })
        else { return nil }
        return best.edits <= max(1, min(word.count, best.name.count) / 3) ? best.name : nil
    }

    /// Insertions, deletions, substitutions and exchanges of neighbours that turn `a` into `b`.
    private static func edits(_ a: [Character], _ b: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
