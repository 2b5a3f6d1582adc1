import Connectors
import Pipelines
import SchemaRegistry

/// Asks a pipeline's schema registry one question, with the credentials that `run` uses.
enum RegistryProbe {
    static func check(_ pipeline: PipelineConfiguration, _ report: inout CheckReport) async {
        guard let settings = pipeline.registrySettings else { return }
        if settings.password != nil, settings.url.hasPrefix("http:") {
            report.add(
                .warning,
                pipeline.problem(at: "source.schema_registry.url", "sends the password unencrypted: use https"))
        }
        let client = RegistryClient(settings)
        do throws(RegistryError) {
            try await client.probe()
            report.add(.fine, pipeline.problem(at: "source.schema_registry.url", "answers as a schema registry"))
        } catch {
            let isError = FailureTable.action(for: error) != .retry
            report.add(
                isError ? .error : .warning,
                pipeline.problem(
                    at: "source.schema_registry.url", error.reason + (isError ? "" : "; lorikeet run would retry")))
        }
        await client.close()
    }
}
