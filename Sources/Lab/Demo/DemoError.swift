/// Why the demo could not go on, in words for the person who started it.
struct DemoError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
