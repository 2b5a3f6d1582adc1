import FoundationEssentials
import WordPiece

/// A time as labelling tools write it: ISO 8601, with or without a fraction of a second.
enum AnnotationTime {
    static func date(_ text: String) -> Date? {
        var whole = text.trimmed
        var fraction = 0.0
        if let point = whole.firstIndex(of: ".") {
            let digits = whole[whole.index(after: point)...].prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, digits.count <= 9, let value = Double("0.\(digits)") else { return nil }
            fraction = value
            whole.removeSubrange(point..<digits.endIndex)
        }
        // PostgreSQL and Python write a blank where ISO 8601 has a T.
        if let blank = whole.firstIndex(of: " ") { whole.replaceSubrange(blank...blank, with: "T") }
        guard let date = try? Date(whole, strategy: .iso8601) else { return nil }
        return date.addingTimeInterval(fraction)
    }
}
