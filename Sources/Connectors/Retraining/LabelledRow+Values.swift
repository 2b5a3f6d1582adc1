import FoundationEssentials
import JSON
import PostgresClient
import Retraining
import Serving

extension LabelledRow {
    /// - Parameter number: the id of a row of a query that gives none.
    init(_ row: PostgresRow, number: Int64) throws {
        let id = try row.optionalInteger("id") ?? number
        let seconds = try row.optionalDouble("time")
        let time = seconds.flatMap { $0.isFinite ? Date(timeIntervalSince1970: $0) : nil }
        let text = try row.optionalText("text")
        self.init(id: id, text: text, json: try row.optionalText("labels"), time: time)
        annotator = try row.optionalText("annotator")
        source = try row.optionalText("source")
    }

    init(group row: PostgresRow) throws {
        let defect = try row.optionalText("defect")
        let text = defect == "text" ? nil : try row.integer("is_empty") == 1 ? "" : "text"
        self.init(
            id: 0, text: text, json: try row.optionalText("labels"), time: defect == "time" ? nil : .distantPast)
    }

    /// - Parameter json: the labels.
    init(id: Int64, text: String?, json: String?, time: Date?) {
        let labels = Self.labels(json)
        switch (text, time, labels) {
        case (nil, _, _): self.init(id: id, defect: .withoutText, createdAt: time ?? .distantPast)
        case (_, nil, _): self.init(id: id, defect: .withoutTime, createdAt: .distantPast)
        case (let text?, let time?, .failure(let defect)):
            self.init(id: id, defect: defect.kind, text: text, createdAt: time)
        case (let text?, let time?, .success(.one(let label))):
            self.init(id: id, text: text, label: label, createdAt: time)
        case (let text?, let time?, .success(.set(let labels))):
            self.init(id: id, text: text, labels: labels, createdAt: time)
        }
    }

    private enum Labels {
        case one(String)
        case set([String])
    }

    private struct Failure: Error { var kind: Defect }

    private static func labels(_ json: String?) -> Result<Labels, Failure> {
        guard let json, let value = try? JSONParser.parse(Array(json.utf8)), !value.isNull else {
            return .failure(Failure(kind: .withoutLabel))
        }
        guard case .array(let elements) = value else {
            return scalar(value).map { .success(.one($0)) } ?? .failure(Failure(kind: .wrongType))
        }
        if elements.contains(where: \.isNull) { return .failure(Failure(kind: .withoutLabel)) }
        let labels = elements.compactMap(scalar)
        return labels.count == elements.count ? .success(.set(labels)) : .failure(Failure(kind: .wrongType))
    }

    private static func scalar(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer, .boolean: value.text
        // A whole number is a label as people write it: 3, not 3.0.
        case .number(let number): Int64(exactly: number).map(String.init) ?? value.text
        case .null, .array, .object: nil
        }
    }
}
