import DaemonClient
import Files
import Glibc
import LogKeys
import Logging
import Pipelines
import Synchronization

/// The `group.instance.id` of each pipeline. With it, the coordinator takes a restarted daemon for the member that it
/// was, and gives it its partitions back without waiting for the session to end.
///
/// An id consists of the names of pipeline and host and of a number. The number is random, made once per pipeline, and
/// stored in the state directory. Without a state directory, members are dynamic.
final class GroupInstances: Sendable {
    /// Nil: the service manager gives no state directory.
    private let folder: String?
    private let host: String
    private let logger: Logger

    // MARK: - Mutable State (guarded by `claims`)

    /// An id that this process alone uses.
    private struct Claim {
        let id: String
        /// Holds the lock; -1 where the folder is read-only.
        let lock: Int32
    }

    /// By the name of the pipeline.
    private let claims = Mutex<[String: Claim]>([:])

    /// - Parameters:
    ///   - environment: `STATE_DIRECTORY`, which systemd sets.
    ///   - host: the name of this host.
    init(environment: [String: String], host: String = GroupInstances.hostName, logger: Logger) {
        folder = SystemdFolder.state.path(in: environment)
        self.host = Self.word(host, atMost: 64)
        self.logger = logger
    }

    deinit {
        for claim in claims.withLock({ $0.values.map(\.lock) }) where claim >= 0 { close(claim) }
    }

    /// The id of the pipeline's member; nil: a dynamic member, or an id that the pipeline file sets itself.
    func id(of pipeline: PipelineConfiguration) -> String? {
        Self.needsID(pipeline) ? claims.withLock { $0[pipeline.name]?.id } : nil
    }

    /// Makes or reads the ids of pipelines that are about to run.
    ///
    /// - Throws: that another daemon uses an id, or that a member must be static and cannot be.
    func claim(_ pipelines: [PipelineConfiguration]) throws(ConfigurationError) {
        let problems = pipelines.filter(Self.needsID).compactMap(claim)
        guard problems.isEmpty else { throw ConfigurationError(problems) }
    }

    /// Gives up the ids of pipelines that are not among these, so that another daemon can run them.
    ///
    /// - Parameter pipelines: all that run.
    func release(besides pipelines: [PipelineConfiguration]) {
        let names = Set(pipelines.filter(Self.needsID).map(\.name))
        let unused = claims.withLock { claims in
            let unused = claims.filter { !names.contains($0.key) }
            claims = claims.filter { names.contains($0.key) }
            return unused
        }
        for claim in unused.values where claim.lock >= 0 { close(claim.lock) }
    }

    private static func needsID(_ pipeline: PipelineConfiguration) -> Bool {
        pipeline.source.groupInstance != .dynamic && pipeline.source.properties["group.instance.id"] == nil
    }

    private func claim(_ pipeline: PipelineConfiguration) -> ConfigurationProblem? {
        guard let folder else {
            guard pipeline.source.groupInstance == .static else { return nil }
            return problem(
                with: pipeline, "static needs a state directory, and STATE_DIRECTORY is not set: systemd sets it")
        }
        if claims.withLock({ $0[pipeline.name] != nil }) { return nil }
        let name = Self.fileName(of: pipeline.name)
        let path = "\(folder)/group-instance-\(name)"
        guard let lock = Self.lock(path + ".lock") else {
            return pipeline.problem(
                at: "name",
                "another daemon runs this pipeline with the state directory \(folder): stop it, or give one of the two "
                    + "another state directory")
        }
        do throws(FileError) {
            let id = "lorikeet-\(name)-\(host)-\(try Self.number(at: path))"
            claims.withLock { $0[pipeline.name] = Claim(id: id, lock: lock) }
            logger.info(
                "static member of the consumer group",
                metadata: [
                    LogKey.pipeline: "\(pipeline.name)", LogKey.group: "\(pipeline.source.group)",
                    LogKey.groupInstance: "\(id)",
                ])
            return nil
        } catch {
            if lock >= 0 { close(lock) }
            if pipeline.source.groupInstance == .static { return problem(with: pipeline, "static: \(path): \(error)") }
            logger.warning(
                "no group instance can be stored, member is dynamic",
                metadata: [LogKey.pipeline: "\(pipeline.name)", LogKey.reason: "\(path): \(error)"])
            return nil
        }
    }

    private func problem(with pipeline: PipelineConfiguration, _ message: String) -> ConfigurationProblem {
        pipeline.problem(at: "source.kafka.group_instance", message)
    }

    // MARK: - Files

    /// Takes a lock that ends with this process, however it ends.
    ///
    /// - Returns: nil if another process holds it; -1 if the folder cannot have one.
    private static func lock(_ path: String) -> Int32? {
        var descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor < 0 { descriptor = open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return -1 }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
        let isHeld = errno == EWOULDBLOCK
        close(descriptor)
        return isHeld ? nil : -1
    }

    /// The stored number. Makes one where none is stored, or where the file is damaged.
    private static func number(at path: String) throws(FileError) -> String {
        if let stored = try storedNumber(at: path) { return stored }
        let random = UInt64.random(in: .min ... .max)
        let digits = String(random, radix: 16)
        let number = String(repeating: "0", count: numberLength - digits.count) + digits
        try AtomicFile(path: path).replace((number + "\n").utf8)
        return number
    }

    private static let numberLength = 16

    private static func storedNumber(at path: String) throws(FileError) -> String? {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileContents.array(path: path, atMost: 4096)
        } catch .missing {
            return nil
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count == 1, lines[0].utf8.count == numberLength, lines[0].allSatisfy(\.isHexDigit) else {
            return nil
        }
        return String(lines[0])
    }

    // MARK: - Names

    /// A name without a slash. Different pipelines have different ones.
    private static func fileName(of pipeline: String) -> String {
        let word = word(pipeline, atMost: 100)
        return word == pipeline ? word : "\(word)-\(SHA256.hash(pipeline.utf8).hexadecimal.prefix(8))"
    }

    /// What Kafka allows in an id: ASCII letters, digits, dots, `_` and `-`.
    private static func word(_ text: String, atMost limit: Int) -> String {
        String(
            text.prefix(limit).map { character in
                guard character.isASCII, character.isLetter || character.isNumber || "._-".contains(character) else {
                    return "_"
                }
                return character
            })
    }

    /// The name of this host; empty if it has none.
    static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
