import JSON
import Serving

extension ConfigurationValue {
    /// A header with this value; `name:` without a value is satisfied by any.
    func headerCondition(name: String) -> RouteCondition? {
        if isNull { return .header(name: name, value: nil) }
        return text("a header's value, or nothing for any", mayBeEmpty: true).map { .header(name: name, value: $0) }
    }

    /// A JSON field with this value.
    func jsonCondition(pointer text: String) -> RouteCondition? {
        guard let pointer = PipelineFile.pointer(text) else {
            problem("must be a JSON Pointer such as /kind")
            return nil
        }
        return jsonScalar().map { .json(pointer: pointer, value: $0) }
    }

    /// What a JSON field must be: `null`, `true`, `false` and numbers as YAML writes them; all else, and all that is quoted
    /// or filled in, is a text.
    private func jsonScalar() -> JSONScalar? {
        if isNull { return .null }
        guard let text = text("a field's value", mayBeEmpty: true) else { return nil }
        guard case .scalar(text, isPlain: true) = node.content else { return .string(text) }
        if text == "true" || text == "false" { return .boolean(text == "true") }
        let isNumber = text.first.map { "-0123456789".contains($0) } ?? false
        return isNumber ? Double(text).map(JSONScalar.number) ?? .string(text) : .string(text)
    }
}
