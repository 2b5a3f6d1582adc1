import Connectors
import Pipelines
import Retraining
import Serving
import Training

/// `lorikeet annotations import`: the answers of annotators into `lorikeet.annotations`.
public enum AnnotationImportOperation {
    /// What the command line asks for.
    public struct Request: Sendable {
        /// The file; `-` is standard input.
        public var input: String
        /// Its form.
        public var format: AnnotationFile.Format
        /// Who answered, where the file has no name.
        public var annotator: String?
        /// What the column `source` says.
        public var source: String
        /// How rows are read; whether they have sets of labels is the task's matter.
        public var rowOptions: RowOptions

        /// - Parameters: as the properties.
        public init(
            input: String, format: AnnotationFile.Format, annotator: String?, source: String, rowOptions: RowOptions
        ) {
            (self.input, self.format, self.annotator) = (input, format, annotator)
            (self.source, self.rowOptions) = (source, rowOptions)
        }
    }

    /// What became of the answers.
    public struct Report: Sendable, Encodable, Equatable {
        /// The task.
        public let task: String
        /// Answers that were read.
        public let answers: Int
        /// Rows that were added.
        public let added: Int
        /// Answers that were there already.
        public let known: Int
        /// Texts without an answer.
        public let unanswered: Int
        /// Rows that were skipped because they cannot be read or have a label that the task does not have.
        public let badRows: Int
        /// Answers per label that the task does not have.
        public let unknownLabels: [String: Int]
    }

    /// Reads the file and adds its answers, all or none.
    ///
    /// - Throws: status 1 for a label that the task does not have, unless such rows are skipped.
    public static func run(_ request: Request, scope: AnnotationScope) async throws -> Report {
        var options = request.rowOptions
        let isSet = try await scope.withAnnotations { try await scope.isMultiLabel($0) }
        options.isMultiLabel = isSet
        let file = try AnnotationFile(path: request.input, format: request.format, options: options)
        let (usable, unknown) = try sorted(file, request, scope.task)
        let answers = usable.map { answer(of: $0, request, isSet: isSet) }
        let added = try await scope.withAnnotations { annotations in
            try await annotations.add(answers, task: scope.task.name, source: request.source)
        }
        return Report(
            task: scope.task.name, answers: answers.count, added: added, known: answers.count - added,
            unanswered: file.unanswered, badRows: file.badRows.count + file.annotations.count - usable.count,
            unknownLabels: unknown)
    }

    /// The answers whose labels the task has, and how often others occur.
    private static func sorted(
        _ file: AnnotationFile, _ request: Request, _ task: TaskConfiguration
    ) throws(CommandFailure) -> (usable: [FileAnnotation], unknown: [String: Int]) {
        // What the task maps is stored as the annotator wrote it, and mapped where it is read.
        let matcher = LabelMatcher(labels: task.labels, mapping: task.mapping)
        var usable: [FileAnnotation] = []
        var unknown: [String: Int] = [:]
        for annotation in file.annotations {
            let others = Set(annotation.labels).filter { matcher.match($0) == .unknown }
            if others.isEmpty { usable.append(annotation) }
            for label in others { unknown[label, default: 0] += 1 }
        }
        guard unknown.isEmpty || request.rowOptions.skipsBadRows else {
            throw CommandFailure(.failed, refusal(unknown, request, task))
        }
        return (usable, unknown)
    }

    /// One line per unknown label, with the label that is probably meant.
    private static func refusal(_ unknown: [String: Int], _ request: Request, _ task: TaskConfiguration) -> String {
        let name = request.input == "-" ? "standard input" : request.input
        let matcher = LabelMatcher(labels: task.labels, mapping: task.mapping)
        let ranked = unknown.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let lines = ranked.prefix(20).map { label, rows in
            "\(name): \(Quantity.text(rows, "answer has", "answers have")) the label \"\(label)\", which the task "
                + task.name + " does not have" + (matcher.nearest(to: label).map { " (\($0.advice))" } ?? "")
        }
        return (lines + ["nothing was imported; correct the file, or leave these answers out with --skip-bad-rows"])
            .joined(separator: "\n")
    }

    private static func answer(of annotation: FileAnnotation, _ request: Request, isSet: Bool) -> AnnotationAnswer {
        let origin = annotation.record.flatMap { record in
            Int32(exactly: record.partition).map {
                Origin(topic: record.topic, partition: $0, offset: Int64(record.offset))
            }
        }
        return AnnotationAnswer(
            text: annotation.text, labels: annotation.labels, isSet: isSet,
            annotator: annotation.annotator ?? request.annotator, origin: origin, answeredAt: annotation.time)
    }
}
