import CMicroHTTPD
import Glibc
import Synchronization

extension HTTPServer {
    /// The open connections. When there are too many, it closes the one that has waited longest, so that nobody who
    /// holds connections open keeps others out.
    ///
    /// It only shuts a socket down: libmicrohttpd then finds it at its end, and closes it.
    final class Connections: Sendable {
        /// How many connections there may be.
        struct Limits: Sendable {
            /// Open connections.
            let connections: Int
            /// Connections that are sent an answer, each of which holds a page.
            let answers: Int

            /// Connections of a server, however many descriptors there are.
            private static let most: UInt = 128
            /// `MonitoringServer` and `SocketServer`.
            private static let servers: UInt = 2

            /// As far as the process's limit of file descriptors goes, for each of its servers.
            static var ofThisProcess: Limits {
                var limit = rlimit()
                let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
                return Limits(descriptors: isKnown ? limit.rlim_cur : 1024)
            }

            init(connections: Int, answers: Int) {
                (self.connections, self.answers) = (connections, answers)
            }

            /// The servers, at the port and at the socket, share a quarter of the process's file descriptors. The rest
            /// is for Kafka, PostgreSQL and files.
            init(descriptors: UInt) {
                connections = Int(max(8, min(Self.most, descriptors / 4 / Self.servers)))
                answers = connections / 2
            }
        }

        private struct Connection {
            let descriptor: Int32
            /// Of the peer; empty for a Unix socket.
            let address: [UInt8]
            /// Counts connections, and again when one begins to wait for its answer.
            var turn: UInt64
            var isAnswered = false
        }

        // MARK: - Mutable State (guarded by `state`)

        private struct State {
            /// By the address of libmicrohttpd's connection.
            var open: [UInt: Connection] = [:]
            var turn: UInt64 = 0
        }

        private let state = Mutex(State())
        private let limits: Limits
        private let onClosing: @Sendable () -> Void

        /// Connections that libmicrohttpd may have: those that were shut down are there until it has closed them.
        var mostOfLibrary: UInt32 { UInt32(limits.connections + 32) }

        /// - Parameter onClosing: called for each connection that is closed to make room.
        init(limits: Limits = .ofThisProcess, onClosing: @escaping @Sendable () -> Void = {}) {
            (self.limits, self.onClosing) = (limits, onClosing)
        }

        /// libmicrohttpd accepted a connection.
        func opened(_ connection: OpaquePointer) {
            let descriptor = lorikeet_http_descriptor(connection)
            guard descriptor >= 0 else { return }
            let address = Self.address(of: connection)
            let key = UInt(bitPattern: connection)
            close { state in
                state.turn += 1
                state.open[key] = Connection(descriptor: descriptor, address: address, turn: state.turn)
                return state.open.count > limits.connections ? Self.victim(in: state.open, isAnswered: nil) : nil
            }
        }

        /// libmicrohttpd is about to close a connection.
        func closed(_ connection: OpaquePointer) {
            let key = UInt(bitPattern: connection)
            state.withLock { $0.open[key] = nil }
        }

        /// The request of a connection is complete.
        func begins(_ connection: OpaquePointer) {
            let key = UInt(bitPattern: connection)
            close { state in
                state.turn += 1
                state.open[key]?.turn = state.turn
                state.open[key]?.isAnswered = true
                let answers = state.open.values.count(where: \.isAnswered)
                return answers > limits.answers ? Self.victim(in: state.open, isAnswered: true) : nil
            }
        }

        /// The answer is sent.
        func ends(_ connection: OpaquePointer) {
            let key = UInt(bitPattern: connection)
            state.withLock { $0.open[key]?.isAnswered = false }
        }

        /// Shuts all down.
        func closeAll() {
            state.withLock { state in
                for connection in state.open.values { shutdown(connection.descriptor, Int32(SHUT_RDWR)) }
                state.open = [:]
            }
        }

        /// Shuts down what `body` chooses. The lock is held meanwhile: a descriptor must not be closed and given away.
        private func close(_ body: (inout State) -> UInt?) {
            let isClosing = state.withLock { state in
                guard let victim = body(&state), let connection = state.open.removeValue(forKey: victim) else {
                    return false
                }
                shutdown(connection.descriptor, Int32(SHUT_RDWR))
                return true
            }
            if isClosing { onClosing() }
        }

        /// The one that has waited longest, of the peer with the most connections. One that waits for a request goes
        /// before one that is sent its answer.
        private static func victim(in open: [UInt: Connection], isAnswered: Bool?) -> UInt? {
            var counts: [[UInt8]: Int] = [:]
            for connection in open.values { counts[connection.address, default: 0] += 1 }
            let most = counts.values.max() ?? 0
            return open.filter { _, connection in
                counts[connection.address] == most && (isAnswered.map { $0 == connection.isAnswered } ?? true)
            }.min { left, right in
                (left.value.isAnswered ? 1 : 0, left.value.turn) < (right.value.isAnswered ? 1 : 0, right.value.turn)
            }?.key
        }

        private static func address(of connection: OpaquePointer) -> [UInt8] {
            guard let address = lorikeet_http_address(connection) else { return [] }
            switch Int32(address.pointee.sa_family) {
            case AF_INET:
                return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                    withUnsafeBytes(of: pointer.pointee.sin_addr) { Array($0) }
                }
            case AF_INET6:
                return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                    withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) }
                }
            default: return []
            }
        }
    }
}

/// libmicrohttpd calls it when a connection is accepted, and before it is closed.
let notifyConnection: MHD_NotifyConnectionCallback = { context, connection, _, code in
    guard let context, let connection else { return }
    let connections = Unmanaged<HTTPServer.Connections>.fromOpaque(context).takeUnretainedValue()
    if lorikeet_http_is_new(code) != 0 { connections.opened(connection) } else { connections.closed(connection) }
}
