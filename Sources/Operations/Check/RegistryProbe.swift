import Connectors
import Pipelines
import SchemaRegistry

/// Asks a pipeline's schema registry one question, with the credentials that `run` uses.
///
/// A finding is an error where `run` would end; an outage is a warning.
enum RegistryProbe {
    private static let key = "source.schema_registry.url"

    /// - Parameters:
    ///   - pipeline: without a registry, nothing is asked.
    ///   - report: gets what was found.
    static func check(_ pipeline: PipelineConfiguration, _ report: inout CheckReport) async {
        guard let settings = pipeline.registrySettings else { return }
        if settings.password != nil, settings.url.lowercased().hasPrefix("http:") {
            report.add(.warning, pipeline.problem(at: key, "sends the password unencrypted: use https"))
        }
        let client = RegistryClient(settings)
        do throws(RegistryError) {
            try await client.probe()
            report.add(.fine, pipeline.problem(at: key, "answers as a schema registry"))
        } catch {
            if FailureTable.action(for: error) == .retry {
                report.add(.warning, pipeline.problem(at: key, "\(error); lorikeet run would retry"))
            } else {
                report.add(.error, pipeline.problem(at: key, error.reason))
            }
        }
        await client.close()
    }
}
