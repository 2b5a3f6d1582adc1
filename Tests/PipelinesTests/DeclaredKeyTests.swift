import JSON
import Testing

@testable import Pipelines

/// One key of the pipeline file, with the mapping that it belongs to.
struct DeclaredKey: Sendable, CustomTestStringConvertible {
    let section: SettingSection
    let setting: SettingDeclaration

    var path: String { section.path(of: setting) }
    var testDescription: String { path }

    static let all = PipelineKeys.sections.flatMap { section in
        section.settings.map { DeclaredKey(section: section, setting: $0) }
    }

    /// A file that is right, and has this key with some value.
    func document(_ value: JSONValue?) -> SampleDocument {
        var document = SampleDocument(with: section, setting)
        document[path] = value
        return document
    }

    /// Values that the key's schema refuses because of their type, none of them with entries that are wrong too.
    var valuesOfWrongType: [JSONValue] {
        let forms = Form.all(of: setting.schema)
        var values: [JSONValue] = [.null]
        if !forms.contains(.list) { values += [.array([.integer(1)]), .array([])] }
        if !forms.contains(.mapping) { values += [.object([("a", .integer(1))]), .object([])] }
        if !forms.contains(.anyScalar) { values.append(.string("wrong words")) }
        return values
    }

    private enum Form {
        case list, mapping, anyScalar, someScalars

        static func all(of schema: JSONValue) -> Set<Form> {
            if case .array(let schemas)? = schema["anyOf"] {
                return schemas.reduce(into: []) { $0.formUnion(all(of: $1)) }
            }
            switch schema["type"] {
            case .string("array"): return [.list]
            case .string("object"): return [.mapping]
            case .array: return [.anyScalar]
            default: return [.someScalars]
            }
        }
    }
}

/// What the reader says of every declared key, whatever keys there are.
struct DeclaredKeyTests {
    @Test func everyMappingIsWalked() {
        #expect(DeclaredKey.all.count > 120)
        #expect(Set(DeclaredKey.all.map(\.path)).count == DeclaredKey.all.count)
    }

    @Test(arguments: DeclaredKey.all) func aWrongTypeIsOneProblemAtTheKey(key: DeclaredKey) {
        for value in key.valuesOfWrongType {
            var document = key.document(value)
            let problems = document.problems()
            #expect(problems.count == 1, "\(value.text): \(problems.map(\.message))")
            let path = SampleDocument.path(key.path)
            #expect(problems.first?.key == path, "\(value.text)")
            let position = document.positions[path]
            #expect(problems.first?.line == position?.line && position != nil, "\(value.text)")
            #expect(problems.first?.column == position?.column, "\(value.text)")
        }
    }

    @Test(arguments: DeclaredKey.all) func examplesAndDefaultsAreRead(key: DeclaredKey) {
        // Refused in any case.
        guard key.setting.key != "protobuf" else { return }
        var values = key.setting.examples.map(PipelineSchema.value(yaml:))
        if case .value(let value) = key.setting.absence { values.append(value) }
        for value in values {
            var document = key.document(value)
            // A credential is there only under systemd.
            let problems = document.problems().filter { !$0.message.hasPrefix("there is no credential") }
            #expect(problems.isEmpty, "\(value.text): \(problems)")
        }
    }

    @Test(arguments: DeclaredKey.all) func aMistypedKeyIsToldFromItsNearest(key: DeclaredKey) {
        let name = key.setting.key
        var letters = Array(name)
        letters.swapAt(letters.count - 2, letters.count - 1)
        // The same letter twice: one of them is missing instead.
        let mistyped = String(letters) == name ? String(name.dropLast()) : String(letters)
        guard let example = key.setting.examples.first else { return }
        var document = key.document(nil)
        let path = key.section.path.isEmpty ? mistyped : "\(key.section.path).\(mistyped)"
        document[path] = PipelineSchema.value(yaml: example)
        let problems = document.problems()
        let unknown = problems.first { $0.message == "unknown key (did you mean \(name)?)" }
        #expect(unknown?.key == SampleDocument.path(path), "\(problems)")
        #expect(unknown?.line == document.positions[SampleDocument.path(path)]?.line)
    }

    @Test(arguments: DeclaredKey.all) func aKeySaysWhatItIsAndWhatItHolds(key: DeclaredKey) {
        let schema = key.setting.schema.text
        #expect(!key.setting.summary.isEmpty)
        let isBounded = schema.contains(#""minimum""#) || schema.contains(#""enum""#)
        let isMapping = schema.contains(#""properties""#) || key.setting.key == "protobuf"
        if case .value = key.setting.absence { return }
        #expect(isBounded || isMapping || !key.setting.examples.isEmpty, "no example of \(key.path)")
    }

    @Test(arguments: DeclaredKey.all) func aMissingKeyIsOneProblemAtItsMapping(key: DeclaredKey) {
        guard case .error = key.setting.absence else { return }
        var document = key.document(nil)
        let problems = document.problems()
        #expect(problems.map(\.key) == [SampleDocument.path(key.path)])
        #expect(problems.first?.message.hasPrefix("is missing: ") == true)
        #expect(problems.first?.line != nil && problems.first?.column != nil)
    }
}
