/// The keys of one mapping of the pipeline file, in the order of the documentation.
struct SettingSection: Sendable {
    /// The mapping's path as the documentation writes it, such as `routes[].when`; empty for the whole file.
    let path: String
    let settings: [SettingDeclaration]

    init(_ path: String, _ settings: [SettingDeclaration]) { (self.path, self.settings) = (path, settings) }

    var keys: [String] { settings.map(\.key) }

    /// The path of one of its keys.
    func path(of setting: SettingDeclaration) -> String { path.isEmpty ? setting.key : "\(path).\(setting.key)" }
}
