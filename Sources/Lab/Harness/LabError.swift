/// Why a demo, a soak or a benchmark could not finish, in words for the person who started it.
struct LabError: Error, CustomStringConvertible {
    /// One or more lines; no secrets.
    let description: String

    init(_ description: String) { self.description = description }
}
