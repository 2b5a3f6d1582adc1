import Foundation
import JSON

/// JSON and array literals, written by hand because they are written for every row.
enum JSONText {
    /// `{"a":0.75,"b":0.25}`. A score that is no number makes JSON that the database refuses, and the row with it.
    static func object(_ scores: [(label: String, score: Double)]) -> String {
        var json = "{"
        for (label, score) in scores {
            if json.utf8.count > 1 { json += "," }
            append(label, to: &json)
            json += ":\(Float(score))"
        }
        return json + "}"
    }

    /// `[{"name":"kind","base64":"cHJvZ3JhbQ=="},{"name":"empty"}]`; `nil` if there are none.
    static func headers(_ headers: [(name: String, value: [UInt8]?)]) -> String? {
        guard !headers.isEmpty else { return nil }
        let objects = headers.map { name, value in
            var json = "{\"name\":"
            append(name, to: &json)
            if let value { json += ",\"base64\":\"\(Data(value).base64EncodedString())\"" }
            return json + "}"
        }
        return "[" + objects.joined(separator: ",") + "]"
    }

    private static func append(_ text: String, to json: inout String) {
        JSONValue.write(StorableText.text(text), to: &json)
    }
}

/// `{"a","b"}`: how PostgreSQL writes an array. A column of arrays cannot travel as an array of arrays, because these must all have the same length.
enum ArrayLiteral {
    static func texts(_ texts: [String]) -> String {
        var literal = "{"
        for text in texts {
            if literal.utf8.count > 1 { literal += "," }
            literal += "\""
            for scalar in StorableText.text(text).unicodeScalars {
                if scalar == "\"" || scalar == "\\" { literal += "\\" }
                literal.unicodeScalars.append(scalar)
            }
            literal += "\""
        }
        return literal + "}"
    }
}
