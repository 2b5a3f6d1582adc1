import DaemonClient
import Foundation
import Testing

@testable import lorikeet

@Suite struct StatusPageTests {
    private static func page(_ status: DaemonStatus, width: Int) -> String {
        StatusPage(status, now: SampleStatus.now, width: width).lines.map(\.text).joined(separator: "\n")
    }

    @Test func aPageOf80Columns() {
        #expect(
            Self.page(SampleStatus.daemon, width: 80) == """
                lorikeet 0.1.0  up 3 h  4 workers  bfloat16  process 4711  base 1f3c9a7e55d0

                PIPELINE      STATE    RECORDS/S         LAG  IN FLIGHT  FILL    P50   P99
                support-tic…  running      1,234  12,345,678        512  87 %  85 ms  12 s
                  received 9,876,543, labelled 9,876,000, rejected 31, dropped 0, retries 17
                  from received to stored: p50 12 ms, p99 400 ms
                  outbox: 12 records, oldest 3.2 s
                mail          waiting          -           -          -     -      -     -
                  waiting for PostgreSQL: connection refused
                  received -, labelled -, rejected -, dropped -, retries 3

                TASK                  ADAPTER           SCORE  ABSTAINED  DRIFT        NEW ROWS
                support-tic…/urgency  v12 3fa9c1d2e4b7  0.912      3.1 %  ALARM  1,200 of 2,000
                  normal 61.2 %, low 25.0 %, high 13.8 %
                  version 13 in shadow
                  drift: labels 0.31, length 0.25; estimated accuracy 87.1 %
                  last retraining 2 h ago (rows): promoted: macro-F1 0.91 instead of 0.88 on 40…
                support-tic…/product  -                     -          -  -                   -
                """)
    }

    /// Lines of more than 120 columns are cut.
    @Test func aPageOf120Columns() {
        #expect(
            Self.page(SampleStatus.daemon, width: 120) == """
                lorikeet 0.1.0  up 3 h  4 workers  bfloat16  process 4711  base 1f3c9a7e55d0

                PIPELINE                STATE    RECORDS/S         LAG  IN FLIGHT  FILL    P50   P99
                support-tickets-europe  running      1,234  12,345,678        512  87 %  85 ms  12 s
                  received 9,876,543, labelled 9,876,000, rejected 31, dropped 0, retries 17
                  from received to stored: p50 12 ms, p99 400 ms
                  outbox: 12 records, oldest 3.2 s
                mail                    waiting          -           -          -     -      -     -
                  waiting for PostgreSQL: connection refused
                  received -, labelled -, rejected -, dropped -, retries 3

                TASK                            ADAPTER           SCORE  ABSTAINED  DRIFT        NEW ROWS
                support-tickets-europe/urgency  v12 3fa9c1d2e4b7  0.912      3.1 %  ALARM  1,200 of 2,000
                  normal 61.2 %, low 25.0 %, high 13.8 %
                  version 13 in shadow
                  drift: labels 0.31, length 0.25; estimated accuracy 87.1 %
                  last retraining 2 h ago (rows): promoted: macro-F1 0.91 instead of 0.88 on 400 \
                held-out rows, p = 0.003, and no label…
                support-tickets-europe/product  -                     -          -  -                   -
                """)
    }

    @Test func whatIsNotKnownIsADash() {
        var status = DaemonStatus()
        status.pipelines = [DaemonStatus.Pipeline(name: "p")]
        #expect(
            Self.page(status, width: 80) == """
                lorikeet

                PIPELINE  STATE  RECORDS/S  LAG  IN FLIGHT  FILL  P50  P99
                p         -              -    -          -     -    -    -
                  received -, labelled -, rejected -, dropped -, retries -
                """)
        #expect(Self.page(DaemonStatus(), width: 80) == "lorikeet\n\nno pipelines")
    }

    @Test(arguments: [1, 10, 40, 79, 80, 200]) func noLineIsWiderThanTheTerminal(width: Int) {
        for line in StatusPage(SampleStatus.daemon, now: SampleStatus.now, width: width).lines {
            #expect(TerminalText.width(of: line.text) <= width)
        }
    }

    @Test func onlyHeadingsAndWarningsHaveAStyle() {
        let lines = StatusPage(SampleStatus.daemon, now: SampleStatus.now, width: 80).lines
        #expect(lines.filter { $0.style == .heading }.count == 3)
        let warnings = lines.filter { $0.style == .warning }.map(\.text)
        #expect(warnings.count == 2)
        #expect(warnings.first == "  waiting for PostgreSQL: connection refused")
        #expect(warnings.last?.hasPrefix("  drift: labels 0.31") == true)
    }

    @Test func asManyLabelsAreShownAsFit() {
        var task = DaemonStatus.PipelineTask(name: "t")
        task.labels = (0..<100).map { DaemonStatus.LabelShare(label: "label\($0)", share: 0.01) }
        var pipeline = DaemonStatus.Pipeline(name: "p")
        pipeline.tasks = [task]
        var status = DaemonStatus()
        status.pipelines = [pipeline]
        let page = Self.page(status, width: 80)
        #expect(page.hasSuffix("  label0 1.0 %, label1 1.0 %, label2 1.0 %, label3 1.0 %, label4 1.0 %, 95 more"))
    }

    // MARK: - The live screen

    @Test func theScreenHasAsManyLinesAsTheTerminalAndScrolls() {
        var screen = TopScreen(status: SampleStatus.daemon)
        let all = StatusPage(SampleStatus.daemon, now: SampleStatus.now, width: 80).lines
        let small = TerminalSize(columns: 80, rows: 8)
        #expect(screen.lines(small).dropLast() == all.prefix(7))
        #expect(screen.lines(small).last?.text == "\(all.count - 7) more lines; q quits, arrows scroll")
        screen.scroll(2, small)
        #expect(screen.lines(small).dropLast() == all.dropFirst(2).prefix(7))
        screen.scroll(1000, small)
        #expect(screen.lines(small).dropLast() == all.suffix(7))
        screen.scroll(-1000, small)
        #expect(screen.lines(small).dropLast() == all.prefix(7))
        let large = TerminalSize(columns: 120, rows: 50)
        #expect(screen.lines(large).count == 50 && screen.lines(large).last?.text == "q quits")
        #expect(screen.lines(TerminalSize(columns: 80, rows: 1)).count == 1)
    }

    @Test func keysOfATerminal() {
        for text in ["q", "Q", "\u{3}", "\u{4}"] { #expect(Terminal.key(Array(text.utf8), page: 10) == .quit) }
        #expect(Terminal.key([0x1A], page: 10) == .suspend)
        #expect(Terminal.key(Array("\u{1B}[A".utf8), page: 10) == .move(-1))
        #expect(Terminal.key(Array("\u{1B}OB".utf8), page: 10) == .move(1))
        #expect(Terminal.key(Array("\u{1B}[6~".utf8), page: 10) == .move(10))
        #expect(Terminal.key(Array("x".utf8), page: 10) == nil)
        #expect(Terminal.key([0xFF, 0xFE], page: 10) == nil)
    }
}
