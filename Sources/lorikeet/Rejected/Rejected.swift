import ArgumentParser

/// `lorikeet rejected`: messages that could not be labelled or stored.
struct Rejected: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at rejected messages, send them again, or discard them.",
        discussion: """
            A message that could not be labelled or stored is a row of lorikeet.rejected,
            with its payload, stage and reason. The database comes from --database,
            --pipeline or $DATABASE_URL.

            EXAMPLES
              lorikeet rejected list
              lorikeet rejected list --stage store --since 2h
              lorikeet rejected show packages/0@17
              lorikeet rejected retry --pipeline pipelines/packages.yaml --stage store
              lorikeet rejected discard --stage decode --until 2026-01-01
            """,
        subcommands: [RejectedList.self, RejectedShow.self, RejectedRetry.self, RejectedDiscard.self])
}
