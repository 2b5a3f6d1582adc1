/// Where a run of ``PostgresRetention`` is in a table: in which task, or in the pipeline, and at which time.
struct RetentionWalk: Sendable {
    /// A part of the table whose rows one index has in the order of their time.
    struct Place: Sendable {
        /// The task, or the pipeline.
        let group: String
        /// The time to read on from.
        var from: String
        /// Whether rows were left behind: locked ones, or those of records in the outbox.
        var hasLeftRows = false

        /// - Parameter from: nil: from the oldest row on.
        init(group: String, from: String?) { (self.group, self.from) = (group, from ?? "-infinity") }
    }

    private var places: ArraySlice<Place>
    /// By group: the time before which the pipeline has no old row.
    private(set) var marks: [String: String] = [:]

    init(places: [Place]) { self.places = places[...] }

    /// The present place; nil: none is left.
    var place: Place? { places.first }

    var isDone: Bool { places.isEmpty }

    /// Goes on behind a span, or to the next place if it was the last one.
    ///
    /// - Parameter leavesRows: whether the span has old rows of the pipeline still.
    mutating func pass(to upper: String, isLast: Bool, leavesRows: Bool) {
        guard var place = places.first else { return }
        place.hasLeftRows = place.hasLeftRows || leavesRows
        if !place.hasLeftRows { marks[place.group] = upper }
        place.from = upper
        places[places.startIndex] = place
        if isLast { places.removeFirst() }
    }
}
