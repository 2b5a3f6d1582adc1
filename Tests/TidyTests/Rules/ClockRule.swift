/// Durations are measured with a monotonic clock, because the date may jump. The date is asked where a date is needed.
enum ClockRule {
    /// Who may ask for the date, and what for.
    static let users: Set<String> = [
        // The clock that everyone else is given.
        "Sources/Threading/Clock.swift",
        // The time of a log line, and of a page.
        "Sources/Daemon/Logging/LineLogHandler.swift", "Sources/Reports/HTML/ReportPage.swift",
        // Whether a file changed in this tick of the file system's clock.
        "Sources/Files/FileStamp.swift",
        // The time of a status, and of its page.
        "Sources/Daemon/Monitoring/LorikeetDaemon+Status.swift", "Sources/lorikeet/Status/Status.swift",
        "Sources/lorikeet/Status/StatusFeed.swift", "Sources/lorikeet/Status/TopScreen.swift",
        // Rows by their age.
        "Sources/lorikeet/Options/PointInTime.swift",
    ]

    static func findings(in tree: SourceTree) -> [Finding] {
        tree.sources.filter { !users.contains($0.path) }.flatMap { file in
            let code = SwiftLexer.code(of: file.text)
            return code.indices.compactMap { index -> Finding? in
                let next = code[index...].prefix(3).map(\.text)
                guard
                    ["CLOCK_REALTIME", "CLOCK_REALTIME_COARSE", "gettimeofday"].contains(next[0])
                        || next == ["Date", "(", ")"] || next == ["Date", ".", "now"]
                        || next == ["Date", "(", "timeIntervalSinceNow"]
                else { return nil }
                return Finding(
                    path: file.path, line: code[index].line, message: "asks for the date: take it from a Clock")
            }
        }
    }
}
