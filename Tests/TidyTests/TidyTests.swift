import ArgumentParser
import Testing

@testable import lorikeet

/// The rules of the house that a machine can hold. Each failure names the file, the line and the rule.
@Suite struct TidyTests {
    private static let tree = Result { try SourceTree.repository() }

    private func check(_ findings: (SourceTree) throws -> [Finding]) throws {
        let tree = try Self.tree.get()
        #expect(tree.sources.count > 100 && tree.documents.count > 10, "the sources were not found")
        for finding in try findings(tree) { Issue.record(Comment(rawValue: finding.description)) }
    }

    @Test func linesAreAtMost120Columns() throws { try check(LineLengthRule.findings) }

    @Test func functionsAreAtMost50Lines() throws { try check(FunctionLengthRule.findings) }

    @Test func shortFilesServeSeveral() throws { try check(SmallFileRule.findings) }

    @Test func modulesImportOnlyDownward() throws { try check(ImportRule.findings) }

    @Test func typeNamesAreDeclaredOnce() throws { try check(TypeNameRule.findings) }

    @Test func functionsStandWhereTheirNamesSay() throws { try check(PlacementRule.findings) }

    @Test func theTableOfLayersNamesEveryModule() throws { try check(LayerTableRule.findings) }

    @Test func commandsAndOptionsInTextsExist() throws {
        let commands = try CommandTree(dump: Lorikeet._dumpHelp())
        try check(CommandRule(commands: commands).findings)
    }

    /// The parser needs a line break among the first 80 characters that are left.
    @Test func helpIsAtMost79Columns() throws {
        let commands = try CommandTree(dump: Lorikeet._dumpHelp())
        #expect(!commands.linesOfHelp(longerThan: 20).isEmpty, "the help was not found")
        for line in commands.linesOfHelp(longerThan: 79) { Issue.record(Comment(rawValue: line)) }
    }

    @Test func linksLeadSomewhere() throws { try check(LinkRule.findings) }

    @Test func pathsInTextsExist() throws { try check(PathRule.findings) }

    @Test func makeTargetsInTextsExist() throws { try check(MakeTargetRule.findings) }

    @Test func testsAndTypesInDocumentsExist() throws { try check(CodeNameRule.findings) }

    @Test func metricsInDocumentsExist() throws { try check(MetricNameRule.findings) }

    @Test func durationsAreMeasuredByMonotonicClocks() throws { try check(ClockRule.findings) }

    @Test func logEventsAreListed() throws { try check(LogEventRule.findings) }

    @Test func wordsAreThoseOfTheGlossary() throws { try check(WordRule.findings) }
}
