import ArgumentParser

extension Option where Value == String {
    /// `--pipeline FILE`, one pipeline file.
    ///
    /// - Parameter help: what the command takes from it.
    init(pipeline help: String) {
        self.init(
            help: ArgumentHelp(help, valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
    }
}

extension Option where Value == String? {
    /// The same where a command works without.
    init(pipeline help: String) {
        self.init(
            help: ArgumentHelp(help, valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
    }
}
