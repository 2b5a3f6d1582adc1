import ArgumentParser

/// `lorikeet annotations`: what to label next, the answers, and labels that are probably wrong.
struct Annotations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Choose texts to label, import the answers, and find wrong labels.",
        discussion: """
            Labelled rows are in lorikeet.annotations, and retraining reads them. queue
            chooses the texts whose labels help most, for Label Studio, doccano or a
            spreadsheet; import takes the answers back; review lists rows whose label is
            probably wrong.

            EXAMPLES
              lorikeet annotations queue section --pipeline pipelines/packages.yaml \\
                  --format label-studio > tasks.json
              lorikeet annotations import section --pipeline pipelines/packages.yaml \\
                  --input export.json --annotator kim
              lorikeet annotations review section --pipeline pipelines/packages.yaml
            """,
        subcommands: [AnnotationsQueue.self, AnnotationsImport.self, AnnotationsReview.self])
}
