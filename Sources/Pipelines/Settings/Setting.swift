import JSON

/// One key of the pipeline file, declared once.
///
/// The reader, the JSON Schema (``PipelineSchema``) and the key table of `docs/pipeline-file.md` (``KeyTable``) are
/// made from it.
struct SettingDeclaration: Sendable {
    /// What happens where the file does not have the key.
    enum Absence: Sendable {
        /// An error that says what is missing.
        case error(String)
        /// The value that then holds.
        case value(JSONValue)
        /// What then holds, in words.
        case meaning(String)
    }

    let key: String
    /// A schema of JSON Schema, draft 7.
    let schema: JSONValue
    /// Column "values" of the key table.
    let words: String
    let absence: Absence
    /// One sentence, in Markdown.
    let summary: String
    /// Values as a file has them, in YAML's flow style.
    let examples: [String]

    /// A key whose value is read by hand: a list, a mapping, or one of several forms.
    init(
        _ key: String, _ schema: JSONValue, _ words: String, absence: Absence, _ summary: String,
        examples: [String] = []
    ) {
        (self.key, self.schema, self.words) = (key, schema, words)
        (self.absence, self.summary, self.examples) = (absence, summary, examples)
    }
}

/// A key without a default: its value is required, or something else holds without it.
struct Setting<Value: Sendable>: Sendable {
    let declaration: SettingDeclaration
    let form: ValueForm<Value>

    /// - Parameter missing: what an error says that is missing.
    init(_ key: String, _ form: ValueForm<Value>, required missing: String, _ summary: String, examples: [String] = [])
    {
        self.init(key, form, .error(missing), summary, examples)
    }

    /// - Parameter meaning: what holds where the key is absent.
    init(_ key: String, _ form: ValueForm<Value>, absent meaning: String, _ summary: String, examples: [String] = []) {
        self.init(key, form, .meaning(meaning), summary, examples)
    }

    private init(
        _ key: String, _ form: ValueForm<Value>, _ absence: SettingDeclaration.Absence, _ summary: String,
        _ examples: [String]
    ) {
        declaration = SettingDeclaration(
            key, form.schema, form.words, absence: absence, summary, examples: examples)
        self.form = form
    }
}

/// A key with a default.
struct DefaultedSetting<Value: Sendable>: Sendable {
    let declaration: SettingDeclaration
    let form: ValueForm<Value>
    /// The value where the file does not have the key.
    let fallback: Value

    init(_ key: String, _ form: ValueForm<Value>, default fallback: Value, _ summary: String) {
        let absence = SettingDeclaration.Absence.value(form.write(fallback))
        declaration = SettingDeclaration(key, form.schema, form.words, absence: absence, summary)
        self.form = form
        self.fallback = fallback
    }
}
