import Glibc
import LogKeys
import Operations
import ServiceLifecycle
import Threading

/// The daemon's Unix socket: the pages of `MonitoringServer` and, for its owner alone, `/status` and `/tap`.
struct SocketServer: Service {
    private let path: String
    private let daemon: LorikeetDaemon
    /// By path.
    private let pages: [String: SharedPage]

    init(path: String, daemon: LorikeetDaemon) {
        (self.path, self.daemon, pages) = (path, daemon, MonitoringServer.pages(of: daemon))
    }

    func run() async throws {
        let socket = try ListeningSocket(path: path)
        let file = SocketFile(path)
        // A failure leaves the file behind as a crash would; the next daemon replaces it.
        let server: HTTPServer
        do throws(SystemError) {
            server = try HTTPServer(on: socket, arguments: TapSessions.arguments) { path, arguments in
                await response(to: path, arguments)
            }
        } catch {
            throw CommandFailure(.failed, "cannot serve \(path): \(error)")
        }
        daemon.logger.notice("serving /status, /tap", metadata: [LogKey.socket: "\(path)"])
        daemon.socketPath.open(path)
        try? await gracefulShutdown()
        file.remove()
        await server.stop()
        await daemon.taps.closeAll()
    }

    private func response(to path: String, _ arguments: [String: String]) async -> HTTPServer.Response {
        switch path {
        case "/status": return .json(await daemon.status())
        case "/tap":
            do throws(TapSessions.Refusal) {
                return .json(try await daemon.taps.texts(arguments, of: daemon.supervisor))
            } catch {
                return .text(error.status, error.reason + "\n")
            }
        default: return await pages[path]?.response() ?? .text(404, "no such page\n")
        }
    }

    /// A socket in the file system: another daemon may have replaced it.
    private struct SocketFile {
        private let path: String
        private let device: UInt
        private let number: UInt

        init(_ path: String) {
            var status = stat()
            lstat(path, &status)
            (self.path, device, number) = (path, UInt(status.st_dev), UInt(status.st_ino))
        }

        func remove() {
            var status = stat()
            guard lstat(path, &status) == 0, UInt(status.st_dev) == device, UInt(status.st_ino) == number else {
                return
            }
            unlink(path)
        }
    }
}
