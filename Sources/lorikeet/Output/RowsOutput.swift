import JSON
import Training

extension RowsReport {
    /// What was found in the rows, for programs.
    var json: JSONValue {
        .object([
            ("training", training.json), ("validation", validation?.json ?? .null),
            ("split_percentage", splitPercentage.map { .integer($0) } ?? .null),
            ("multi_label", .boolean(isMultiLabel)),
            ("conflict_rule", .string(conflictRule.rawValue)),
            ("labels_with_one_row", .array(labelsWithOneRow.map { .string($0) })),
            ("validation_only_labels", .array(validationOnlyLabels.map { .string($0) })),
            ("training_texts_in_validation", .integer(trainingTextsInValidation)),
        ])
    }
}

extension RowsReport.Side {
    /// What was found in the rows of one side, for programs.
    var json: JSONValue {
        .object(
            [
                ("sources", .array(sources.map { .string($0) })), ("read", .integer(read)),
                ("bad_rows", .integer(badRows)),
                ("first_bad_rows", .array(firstBadRows.map { .string($0.description) })),
                ("empty_texts", .integer(emptyTexts)),
                ("trimmed_labels", .integer(trimmedLabels)), ("normalized_labels", .integer(normalizedLabels)),
                ("empty_labels", .integer(emptyLabels)), ("unnormalized_texts", .integer(unnormalizedTexts)),
                ("duplicates", .integer(duplicates)), ("conflicts", .integer(conflicts)),
                ("conflicting_rows", .integer(conflictingRows)),
                ("rows", .integer(rows)), ("unlabelled", .integer(unlabelled)),
                ("labels", .object(labels.map { ($0.label, .integer($0.rows)) })),
                ("unknown_labels", .array(unknownLabels.map { .string($0) })),
            ] + rareFindings)
    }

    /// Findings that are rare: present only where there are some.
    private var rareFindings: [(key: String, value: JSONValue)] {
        var members: [(key: String, value: JSONValue)] = []
        if replacedSurrogates > 0 { members.append(("replaced_surrogates", .integer(replacedSurrogates))) }
        if !alikeLabels.isEmpty {
            members.append(("alike_labels", .array(alikeLabels.map { .array($0.map { .string($0) }) })))
        }
        return members
    }
}
