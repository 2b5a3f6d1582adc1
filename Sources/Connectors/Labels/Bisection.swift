import PostgresClient

/// Finds what the database refuses among many, by halves.
enum Bisection {
    struct Outcome<Element> {
        var accepted: [Element] = []
        var refused: [(element: Element, error: PostgresError)] = []
    }

    /// Attempts all, then halves of what was refused, until each refused element stands alone.
    ///
    /// When the first half of a refused slice is accepted, the fault is in the second, which is halved without another
    /// attempt at the whole of it: for one element at fault among n, at most 2 + 2·log₂ n attempts.
    ///
    /// - Parameter attempt: must leave no trace when it throws. Errors that ``FailureTable`` does not call `.reject`
    ///   end the search.
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
