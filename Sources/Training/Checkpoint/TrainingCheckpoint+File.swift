import Files
import FoundationEssentials

/// A checkpoint as a file: a line that names the format, the length of a JSON header, the header, the floats, and the
/// SHA-256 of all of it.
///
/// It is written atomically, so a file of that name is always whole. Floats are in the byte order of the machine.
extension TrainingCheckpoint {
    private static let magic = Data("lorikeet checkpoint 2\n".utf8)

    private struct Header: Codable {
        var identity: TrainingIdentity
        var epochs: [EpochReport]
        /// nil before the first epoch is finished.
        var bestEpoch: Int?
        var bestEvaluation: Evaluation?
        var batch: Int
        var step: Int
        var meter: ProgressMeter.State
        var curve: LossCurve
        var optimizerStep: Int
        /// Floats in each of the arrays that follow.
        var count: Int
    }

    // MARK: - Writing

    /// Writes the checkpoint to a file. If that fails, a file that was there stays as it was.
    public func write(to path: String) throws(CheckpointError) {
        let bytes: Data
        do {
            bytes = try encoded()
        } catch {
            throw .unwritable(file: path, reason: "its numbers are not finite")
        }
        do throws(FileError) { try AtomicFile(path: path).replace(bytes) } catch {
            throw .unwritable(file: path, reason: "\(error)")
        }
    }

    /// Removes a file that `write(to:)` wrote, if there is one.
    public static func remove(at path: String) { AtomicFile(path: path).remove() }

    private func encoded() throws -> Data {
        let header = try JSONEncoder().encode(
            Header(
                identity: identity, epochs: history.epochs, bestEpoch: history.best?.number,
                bestEvaluation: history.best?.evaluation, batch: batch, step: step, meter: meter, curve: curve,
                optimizerStep: optimizer.step, count: values.count))
        var bytes = Self.magic
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(header)
        let best = history.best.map { [$0.values] } ?? []
        for numbers in [values, optimizer.firstMoment, optimizer.secondMoment] + best {
            numbers.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        bytes.append(contentsOf: SHA256.hash(bytes).bytes)
        return bytes
    }

    // MARK: - Reading

    /// Reads what `write(to:)` wrote.
    public init(path: String) throws(CheckpointError) {
        let bytes: Data
        do throws(FileError) {
            bytes = Data(try FileContents.array(path: path, atMost: .max))
        } catch {
            throw .unreadable(file: path, reason: "\(error)")
        }
        guard bytes.starts(with: Self.magic) else {
            throw .damaged(file: path, reason: "it does not begin with the header of one")
        }
        let end = bytes.count - SHA256.Digest.byteCount
        guard end >= Self.magic.count, SHA256.hash(bytes[..<end]).bytes.elementsEqual(bytes[end...]) else {
            throw .damaged(file: path, reason: "its checksum does not match")
        }
        guard let checkpoint = Self(content: bytes[Self.magic.count..<end]) else {
            throw .damaged(file: path, reason: "another version of this program wrote it")
        }
        self = checkpoint
    }

    private init?(content: Data) {
        var content = content
        guard content.count >= 8 else { return nil }
        let length = content.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        content = content.dropFirst(8)
        guard length <= UInt64(content.count),
            let header = try? JSONDecoder().decode(Header.self, from: content.prefix(Int(length)))
        else { return nil }
        content = content.dropFirst(Int(length))
        let arrays = header.bestEpoch == nil ? 3 : 4
        guard header.batch >= 0, header.step >= 0, header.optimizerStep >= 0, header.count >= 0,
            header.count <= content.count,
            content.count == arrays * header.count * MemoryLayout<Float>.size
        else { return nil }
        func take() -> [Float] {
            let bytes = content.prefix(header.count * MemoryLayout<Float>.size)
            content = content.dropFirst(bytes.count)
            return [Float](unsafeUninitializedCapacity: header.count) { buffer, count in
                count = bytes.copyBytes(to: buffer) / MemoryLayout<Float>.size
            }
        }
        values = take()
        optimizer = AdapterOptimizer.State(step: header.optimizerStep, firstMoment: take(), secondMoment: take())
        let best = header.bestEpoch.map {
            TrainingHistory.BestEpoch(number: $0, evaluation: header.bestEvaluation, values: take())
        }
        history = TrainingHistory(epochs: header.epochs, best: best)
        (identity, batch, step) = (header.identity, header.batch, header.step)
        (meter, curve) = (header.meter, header.curve)
    }
}
