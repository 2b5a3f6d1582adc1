import PostgresClient

/// Finds the elements that the database refuses, by bisection.
enum Bisection {
    struct Outcome<Element> {
        var accepted: [Element] = []
        var refused: [(element: Element, error: PostgresError)] = []
    }

    /// Attempts all elements, then halves of what was refused, until each refused element stands alone.
    ///
    /// If the first half of a refused slice is accepted, the fault is in the second, which is halved without another
    /// attempt: one faulty element among n costs at most 2 + 2·log₂ n attempts.
    ///
    /// - Parameter attempt: must undo its changes when it throws. Errors for which ``FailureTable`` does not say
    ///   `.reject` end the search.
    static func run<Element>(
        _ elements: [Element], attempt: (ArraySlice<Element>) throws -> Void
    ) throws -> Outcome<Element> {
        var outcome = Outcome<Element>()
        try search(elements[...], isKnownToFail: false, attempt: attempt, into: &outcome)
        return outcome
    }

    private static func search<Element>(
        _ slice: ArraySlice<Element>, isKnownToFail: Bool, attempt: (ArraySlice<Element>) throws -> Void,
        into outcome: inout Outcome<Element>
    ) throws {
        guard let first = slice.first else { return }
        if !isKnownToFail || slice.count == 1 {
            do {
                try attempt(slice)
                outcome.accepted += slice
                return
            } catch let error as PostgresError where FailureTable.action(for: error) == .reject {
                if slice.count == 1 {
                    outcome.refused.append((first, error))
                    return
                }
            }
        }
        let middle = slice.startIndex + slice.count / 2
        let refusedBefore = outcome.refused.count
        try search(slice[..<middle], isKnownToFail: false, attempt: attempt, into: &outcome)
        try search(
            slice[middle...], isKnownToFail: outcome.refused.count == refusedBefore, attempt: attempt, into: &outcome)
    }
}
