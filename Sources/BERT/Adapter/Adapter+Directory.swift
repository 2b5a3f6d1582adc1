import Files
import FoundationEssentials

extension Adapter {
    /// The content of `lorikeet.json`: what PEFT does not save of a manifest.
    private struct LorikeetFile: Codable {
        var labels: [String]
        var baseDigest: String?
        var dataType: DataType?
        var task: String?
        var maxTokens: Int?
        var longTexts: LongTexts?
        var createdBy: String?
        var temperature: Double?
        var calibration: CalibrationFigures?
        var multiLabel: Bool?
        var thresholds: [Double]?
        var abstention: [AbstentionThreshold]?

        init(_ manifest: AdapterManifest) {
            (labels, baseDigest, dataType) = (manifest.labels, manifest.baseDigest, manifest.dataType)
            (task, longTexts) = (manifest.task, manifest.longTexts)
            (maxTokens, createdBy, temperature) = (manifest.maxTokens, manifest.createdBy, manifest.temperature)
            (calibration, multiLabel) = (manifest.calibration, manifest.multiLabel)
            (thresholds, abstention) = (manifest.thresholds, manifest.abstention)
        }

        func manifest(_ configuration: LoRAConfiguration) -> AdapterManifest {
            var manifest = AdapterManifest(
                labels: labels, baseDigest: baseDigest, configuration: configuration, task: task, maxTokens: maxTokens,
                longTexts: longTexts, createdBy: createdBy, temperature: temperature)
            manifest.dataType = dataType
            (manifest.calibration, manifest.multiLabel) = (calibration, multiLabel)
            (manifest.thresholds, manifest.abstention) = (thresholds, abstention)
            return manifest
        }

        private enum CodingKeys: String, CodingKey {
            case labels, task, temperature, calibration, thresholds, abstention
            case baseDigest = "base_digest"
            case dataType = "dtype"
            case maxTokens = "max_tokens"
            case longTexts = "long_texts"
            case createdBy = "created_by"
            case multiLabel = "multi_label"
        }
    }
}

extension Adapter {
    private static let configurationFile = "adapter_config.json"
    private static let weightsFile = "adapter_model.safetensors"
    private static let manifestFile = "lorikeet.json"
    private static let modelFile = "config.json"

    /// Reads an adapter's folder that this program or PEFT wrote.
    ///
    /// The labels are those of `lorikeet.json`. Without it, they come from `id2label` of a `config.json` in the folder
    /// and from `names`, which must agree; else they are `LABEL_0`, `LABEL_1`, … as in transformers. Without
    /// `lorikeet.json`, the digest of the base is not checked.
    ///
    /// - Parameter names: label names known from outside the folder.
    public static func load(
        directory: String, base: BERTBase, names: [LabelNames] = []
    ) throws(AdapterError) -> Adapter {
        let peft = try PEFTConfiguration(json: try read(directory, configurationFile))
        try peft.refuseSavedParts(of: base.names)
        let weights = try readWeights(directory)
        let own = try ownManifest(directory, peft.configuration)
        var manifest: AdapterManifest
        if let own {
            manifest = own
        } else {
            manifest = AdapterManifest(labels: placeholders(try headRows(weights)), configuration: peft.configuration)
        }
        if hasPlaceholders(manifest.labels) {
            let names = try namesBeside(directory) + names
            manifest.labels = try LabelNames.agreed(names, placeholders: manifest.labels) ?? manifest.labels
            if own == nil { manifest.multiLabel = names.compactMap(\.isMultiLabel).first == true ? true : nil }
        }
        return try Adapter(manifest: manifest, weights: weights, base: base, exclusions: peft.exclusions)
    }

    /// The manifest of `lorikeet.json`, if there is one.
    private static func ownManifest(
        _ directory: String, _ configuration: LoRAConfiguration
    ) throws(AdapterError) -> AdapterManifest? {
        guard FileManager.default.fileExists(atPath: directory + "/" + manifestFile) else { return nil }
        let bytes = try read(directory, manifestFile)
        try AdapterError.parse(bytes, file: manifestFile)
        do {
            return try JSONDecoder().decode(LorikeetFile.self, from: Data(bytes)).manifest(configuration)
        } catch {
            throw AdapterError(decoding: error, file: manifestFile)
        }
    }

    /// The label names of transformers' `config.json` in the folder, if there is one.
    private static func namesBeside(_ directory: String) throws(AdapterError) -> [LabelNames] {
        guard FileManager.default.fileExists(atPath: directory + "/" + modelFile) else { return [] }
        return [try LabelNames(transformers: read(directory, modelFile))]
    }

    private static func readWeights(_ directory: String) throws(AdapterError) -> [UInt8] {
        let files = FileManager.default
        if !files.fileExists(atPath: directory + "/" + weightsFile),
            files.fileExists(atPath: directory + "/adapter_model.bin")
        {
            throw .unreadable(
                file: directory + "/" + weightsFile,
                reason: "no such file; adapter_model.bin is not read: save the adapter as safetensors")
        }
        return try read(directory, weightsFile, atMost: largestWeights)
    }

    /// Whether the labels have no names, only the numbers of their rows.
    public var hasPlaceholderLabels: Bool { Self.hasPlaceholders(labels) }

    private static func hasPlaceholders(_ labels: [String]) -> Bool { labels == placeholders(labels.count) }

    private static func placeholders(_ rows: Int) -> [String] { (0..<rows).map(placeholderLabel) }

    /// Whether a label looks like a placeholder.
    public static func isPlaceholder(_ label: String) -> Bool { label.hasPrefix(placeholderPrefix) }

    private static let placeholderPrefix = "LABEL_"

    /// transformers' name of the label of a row of the head, from 0 up.
    private static func placeholderLabel(_ row: Int) -> String { "\(placeholderPrefix)\(row)" }

    /// Adapters have some megabytes. Larger files are refused.
    private static let largestWeights = 2 << 30

    private static func read(
        _ directory: String, _ name: String, atMost largest: Int = FileContents.largestConfiguration
    ) throws(AdapterError) -> [UInt8] {
        let file = directory + "/" + name
        do throws(FileError) { return try FileContents.array(path: file, atMost: largest) } catch {
            throw .unreadable(file: file, reason: "\(error)")
        }
    }

    /// The number of the head's rows in weights that come without labels.
    private static func headRows(_ weights: [UInt8]) throws(AdapterError) -> Int {
        let key = AdapterLayout.key("classifier.weight")
        let shape = weights.withUnsafeBytes { bytes -> Result<[Int]?, AdapterError> in
            do throws(AdapterError) { return .success(try adapterTensors(bytes).shape(key)) } catch {
                return .failure(error)
            }
        }
        guard let shape = try shape.get() else {
            throw .missingTensor(key, reason: "an adapter without a head cannot classify")
        }
        guard shape.count == 2, (1...1_000_000).contains(shape[0]) else {
            throw .wrongShape(tensor: key, expected: [], found: shape)
        }
        return shape[0]
    }

    /// Writes `adapter_config.json`, `adapter_model.safetensors` and `lorikeet.json`. PEFT can read the folder.
    ///
    /// All files appear, or are replaced, at once. Other files of the folder are kept. A folder that is not empty and
    /// holds no adapter is refused.
    ///
    /// - Parameter others: further files by name, such as a report.
    public func write(to directory: String, with others: [String: [UInt8]] = [:]) throws(AdapterError) {
        let file = LorikeetFile(manifest)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let folder = AtomicFolder(path: directory, marker: Self.configurationFile)
        do {
            let own = [
                Self.configurationFile: Array(
                    PEFTConfiguration.json(manifest.configuration, head: layout.names.headModules)),
                Self.weightsFile: weights,
                Self.manifestFile: Array(try encoder.encode(file)),
            ]
            try folder.replace(others.merging(own) { $1 })
        } catch FileError.foreignFolder {
            throw .unwritable(file: folder.path, reason: "is not empty and does not contain an adapter")
        } catch FileError.notAFolder {
            throw .unwritable(file: folder.path, reason: "is a file")
        } catch {
            throw .unwritable(file: folder.path, reason: "cannot be written: \(error)")
        }
    }
}
