import AdapterRegistry
import ArgumentParser
import BERT
import Connectors
import Operations

/// The registry, and where a command needs it the base that its adapters belong to.
struct RegistryOptions: ParsableArguments {
    @OptionGroup var databaseOptions: DatabaseOptions

    /// Runs the body with the registry, and closes the connection whatever comes.
    func withStore<Result: Sendable>(_ body: (PostgresAdapterStore) async throws -> Result) async throws -> Result {
        let dsn = try databaseOptions.connectionString().value
        let store = PostgresAdapterStore(PostgresSettings(dsn: dsn, applicationName: "lorikeet adapters"))
        do {
            let result = try await body(store)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }
}

/// `--base`, or the base of the pipeline file.
struct RegistryBaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The base of the adapter; default: that of --pipeline.", valueName: "dir"),
        completion: .directory)
    var base: String?

    /// Reads the base.
    func load(_ databaseOptions: DatabaseOptions) throws -> BERTBase {
        if let base { return try BERTBase(directory: base) }
        if let configuration = try databaseOptions.configuration() {
            return try BERTBase(directory: configuration.base)
        }
        throw CommandFailure(.usage, "no base: give --base DIR or --pipeline FILE")
    }
}

extension AdapterStore {
    /// A version of a task: the one asked for, else the live one.
    func version(_ number: Int?, of task: String) async throws -> AdapterVersion {
        let versions = try await versions(task: task)
        guard !versions.isEmpty else { throw CommandFailure(.failed, "the registry has no adapter for task \(task)") }
        guard let number else {
            guard let live = versions.first(where: { $0.state == .live }) else {
                throw CommandFailure(
                    .failed, "task \(task) has no live adapter: name one of its \(versions.count) versions")
            }
            return live
        }
        guard let version = versions.first(where: { $0.version == number }) else {
            throw AdapterStoreError.unknownVersion(task: task, version: number)
        }
        return version
    }
}
