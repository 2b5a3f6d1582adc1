import FoundationEssentials
import JSON

/// The JSON columns of label and rejected rows, written without an encoder because they are written per row.
enum JSONText {
    /// `{"a":0.75,"b":0.25}`. A score that is not finite makes JSON that the database refuses with the row.
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
