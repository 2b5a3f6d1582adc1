import BERT
import Drift
import Files
import Training

/// `drift_reference.json` in an adapter's folder: what its held-out texts were like, without the texts.
///
/// PEFT does not read it, and it is not part of the adapter's digest. It names the adapter that it belongs to.
enum DriftReferenceFile {
    static let name = "drift_reference.json"
    /// 10,000 labels of a large base. A larger file is refused.
    private static let largest = 256 << 20

    /// Reads the reference of the adapter in a folder.
    ///
    /// - Returns: nil if there is no such file, or it belongs to another adapter, as after its labels were renamed.
    static func read(_ directory: String, of adapter: Adapter) throws(CommandFailure) -> DriftReference? {
        let path = directory + "/" + name
        let bytes: [UInt8]
        do throws(FileError) { bytes = try FileContents.array(path: path, atMost: largest) } catch {
            if case .missing = error { return nil }
            throw CommandFailure(.failed, "\(path): cannot be read: \(error)")
        }
        do throws(DriftReferenceError) {
            return try DriftReference(json: bytes, adapterDigest: adapter.digest, labels: adapter.labels.count)
        } catch .anotherAdapter {
            return nil
        } catch {
            throw CommandFailure(
                .failed, "\(path): \(error); remove it, and the first live texts become the reference")
        }
    }

    /// Makes the reference of a new adapter; nil where there are too few validation rows for one.
    static func make(
        _ adapter: Adapter, training: [LabelledText], validation: [LabelledText], over loaded: LoadedBase,
        _ settings: TrainingSettings
    ) -> DriftReference? {
        let encoder = settings.encoder(loaded.tokenizer, positions: loaded.base.configuration.positions)
        func texts(_ rows: [LabelledText]) -> ReferenceMeasurement.Texts {
            ReferenceMeasurement.Texts(rows.map(\.text), encoder: encoder)
        }
        return ReferenceMeasurement(
            base: loaded.base, workers: settings.workerCount, unknownToken: loaded.tokenizer.unknownID
        ).reference(of: adapter, training: texts(training), heldOut: texts(validation))
    }
}
