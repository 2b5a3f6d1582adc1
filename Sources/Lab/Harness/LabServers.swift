import LocalServers

/// A private PostgreSQL and an embedded broker in a scratch folder, all gone after ``stop()``.
final class LabServers: Sendable {
    let folder: ScratchFolder
    let postgres: PrivatePostgres
    let broker: EmbeddedBroker

    /// - Parameters:
    ///   - name: what is run, such as `demo`: part of the folder's name.
    ///   - postgresSettings: settings of the server, such as `track_commit_timestamp: on`.
    init(name: String, postgresSettings: [String: String] = [:]) throws {
        let folder = try ScratchFolder(name)
        do {
            postgres = try PrivatePostgres.start(directory: folder.path, settings: postgresSettings)
            broker = try EmbeddedBroker()
        } catch {
            folder.remove()
            throw error
        }
        self.folder = folder
    }

    func stop() {
        broker.stop()
        postgres.stop()
        folder.remove()
    }
}
