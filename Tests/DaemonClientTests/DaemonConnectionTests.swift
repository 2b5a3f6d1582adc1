import Foundation
import TestSupport
import Testing

@testable import DaemonClient

@Suite struct DaemonConnectionTests {
    @Test func addressesOfPages() throws {
        for url in ["http://h:9464", "http://h:9464/", "http://h:9464/metrics"] {
            #expect(try DaemonConnection.Place(url: url) == .url("http://h:9464"))
        }
        #expect(try DaemonConnection.Place(url: "https://h/labels") == .url("https://h/labels"))
        for url in ["", "h:9464", "http://", "ftp://h", "http://a b"] {
            #expect(throws: DaemonClientError.self) { _ = try DaemonConnection.Place(url: url) }
        }
    }

    @Test func aSocketThatIsNotThereIsAClearError() throws {
        let path = try TemporaryFolder().path + "/none.sock"
        let connection = try DaemonConnection(to: .socket(path))
        #expect(throws: DaemonClientError.noSocket(path)) { _ = try connection.status() }
        #expect("\(DaemonClientError.noSocket(path))".contains("start the daemon with --socket \(path)"))
    }

    @Test func aSocketOfADeadDaemonIsAClearError() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/stale.sock"
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        close(descriptor)
        try #require(bound == 0)
        let connection = try DaemonConnection(to: .socket(path))
        #expect(throws: DaemonClientError.notListening(path)) { _ = try connection.status() }
    }

    @Test func aPathThatIsTooLongIsAClearError() throws {
        let connection = try DaemonConnection(to: .socket("/tmp/" + String(repeating: "x", count: 200)))
        #expect(throws: DaemonClientError.self) { _ = try connection.status() }
    }

    @Test func nobodyAnswersOnAClosedPort() throws {
        let connection = try DaemonConnection(to: .url("http://127.0.0.1:1"))
        #expect(throws: DaemonClientError.self) { _ = try connection.metrics() }
    }

    @Test func argumentsOfATapAreEscaped() {
        var request = TapRequest(pipeline: "a&b", task: "t", label: "very high?", rate: 7)
        request.reader = "r"
        #expect(request.path(limit: 5) == "/tap?reader=r&pipeline=a%26b&rate=7&limit=5&task=t&label=very%20high%3F")
    }

    // MARK: - Which daemon

    @Test func theOneUnitThatRunsIsFound() throws {
        let folder = try TemporaryFolder()
        #expect(throws: DaemonClientError.noDaemon(folder: folder.path)) {
            _ = try DaemonSocket.find(environment: [:], in: folder.path)
        }
        // A folder without a socket is no daemon.
        try FileManager.default.createDirectory(
            atPath: folder.path + "/lorikeet-old", withIntermediateDirectories: true)
        let mail = try folder.write("lorikeet-mail/lorikeet.sock", "")
        try folder.write("other/lorikeet.sock", "")
        #expect(try DaemonSocket.find(environment: [:], in: folder.path) == mail)
        let all = try folder.write("lorikeet/lorikeet.sock", "")
        #expect(throws: DaemonClientError.severalDaemons([all, mail])) {
            _ = try DaemonSocket.find(environment: [:], in: folder.path)
        }
        let own = try DaemonSocket.find(environment: ["RUNTIME_DIRECTORY": "/run/a:/run/b"], in: folder.path)
        #expect(own == "/run/a/lorikeet.sock")
    }
}
