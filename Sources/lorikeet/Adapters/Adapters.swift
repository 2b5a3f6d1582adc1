import ArgumentParser

/// `lorikeet adapters`: the adapter store.
struct Adapters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, compare, import, export, promote, roll back and prune adapters.",
        discussion: """
            The adapter store is the table lorikeet.adapters. Running daemons swap in a
            new live adapter within two seconds. The database is --database, that of
            --pipeline, or $DATABASE_URL.

            EXAMPLES
              lorikeet adapters list
              lorikeet adapters show section
              lorikeet adapters import section adapters/section --promote \\
                  --pipeline pipelines/packages.yaml
              lorikeet adapters rollback section
            """,
        subcommands: [
            AdaptersList.self, AdaptersShow.self, AdaptersDiff.self, AdaptersImport.self, AdaptersExport.self,
            AdaptersPromote.self, AdaptersRollback.self, AdaptersPrune.self,
        ])
}
