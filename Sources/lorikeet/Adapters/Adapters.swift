import ArgumentParser

/// `lorikeet adapters`: the registry.
struct Adapters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the registry of adapters, and change what is live.",
        discussion: """
            The registry is the table lorikeet.adapters; running daemons take every change
            over within two seconds. The database comes from --database, --pipeline or
            $DATABASE_URL.

            EXAMPLES
              lorikeet adapters list
              lorikeet adapters show section
              lorikeet adapters import section adapters/section --promote \\
                  --pipeline pipelines/packages.yaml
              lorikeet adapters rollback section
            """,
        subcommands: [
            AdaptersList.self, AdaptersShow.self, AdaptersImport.self, AdaptersExport.self, AdaptersPromote.self,
            AdaptersRollback.self,
        ])
}
