import Foundation

/// The executable `lorikeet` of the build that the tests belong to.
public enum BuiltProgram {
    /// The folder of the package that it was built from.
    public static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Beside the tests' own executable, else in the package's build folder.
    public static func url() throws -> URL {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let places = [tests, package.appending(path: ".build/release"), package.appending(path: ".build/debug")]
        let found = places.map { $0.appending(path: "lorikeet") }.first {
            FileManager.default.isExecutableFile(atPath: $0.path)
        }
        guard let found else { throw CocoaError(.fileNoSuchFile) }
        return found
    }
}
