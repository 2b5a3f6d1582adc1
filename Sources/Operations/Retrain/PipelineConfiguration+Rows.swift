import Connectors
import Files
import Pipelines
import Reports
import Retraining

extension PipelineConfiguration {
    /// Which labelled rows its tasks are trained on.
    public var rowSelection: LabelledRowSelection {
        let retrain = retrain ?? RetrainConfiguration()
        return LabelledRowSelection(query: retrain.query, since: retrain.since, maximumRows: retrain.maximumRows)
    }

    /// What verdicts call the file: the first digits of its digest. Nil if it is gone by now.
    public var fileDigest: String? {
        let content = try? FileContents.array(path: file, atMost: FileContents.largestConfiguration)
        return content.map { Figure.digest(SHA256.hash($0).hexadecimal) }
    }
}

extension TaskConfiguration {
    /// How many of its labelled rows there are per label, and how many cannot be used.
    ///
    /// - Parameter isMultiLabel: whether its adapter gives a text a set of labels, if that is known.
    public func census(of source: PostgresLabelledRowSource, isMultiLabel: Bool? = nil) async throws -> LabelCensus {
        census(of: try await source.labelGroups(task: name), isMultiLabel: isMultiLabel)
    }

    /// The same of rows that are counted already.
    public func census(of groups: [LabelCensus.Group], isMultiLabel: Bool? = nil) -> LabelCensus {
        LabelCensus(groups, labels: labels, mapping: mapping, isMultiLabel: self.isMultiLabel ?? isMultiLabel)
    }
}
