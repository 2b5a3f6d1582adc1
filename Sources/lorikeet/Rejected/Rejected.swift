import ArgumentParser

/// `lorikeet rejected`: records that could not be labelled or stored.
struct Rejected: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, retry and discard records that could not be labelled or stored.",
        discussion: """
            Each rejected record is a row of lorikeet.rejected, with its payload, the stage
            at which it failed and the reason. The database is --database, that of
            --pipeline, or $DATABASE_URL.

            EXAMPLES
              lorikeet rejected list
              lorikeet rejected list --stage store --since 2h
              lorikeet rejected show packages/0@17
              lorikeet rejected retry --pipeline pipelines/packages.yaml --stage store
              lorikeet rejected discard --stage decode --until 2026-01-01
            """,
        subcommands: [RejectedList.self, RejectedShow.self, RejectedRetry.self, RejectedDiscard.self])
}
