import Foundation
import TestSupport
import Testing

/// `scripts/install`, into a folder of the test's.
@Suite(.scratch) struct InstallTests {
    private static func install(_ program: String, to scratch: Scratch) async throws -> (status: Int32, error: String) {
        let process = Process()
        process.executableURL = BuiltProgram.package.appending(path: "scripts/install")
        process.arguments = [program]
        process.environment = ProcessInfo.processInfo.environment.merging([
            "DESTDIR": scratch.path("root"), "PREFIX": "/opt/birds",
        ]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try scratch.newFile("stderr")
        let status = try await Program.start(process).status
        return (status, try scratch.text("stderr"))
    }

    /// Links of the pages below a folder to files that are not there.
    private static func brokenLinks(in folder: String) throws -> [String] {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        let pages = names.filter { $0.hasSuffix(".md") }
        try #require(pages.count > 20)
        return try pages.flatMap { page in
            let path = URL(fileURLWithPath: folder).appending(path: page)
            return try String(contentsOf: path, encoding: .utf8).split(separator: "](").dropFirst()
                .map { String($0.prefix { !")# ".contains($0) }) }
                .filter { !$0.isEmpty && !$0.contains("://") }
                .filter { !FileManager.default.fileExists(atPath: path.deletingLastPathComponent().path + "/" + $0) }
                .map { "\(page): \($0)" }
        }
    }

    @Test func aProgramThatCanBeToldToCrashIsNotInstalled() async throws {
        let scratch = try Scratch()
        let (status, error) = try await Self.install(BuiltProgram.url().path, to: scratch)
        #expect(status == 1 && error.contains("was built for tests"), "\(error)")
        #expect(!scratch.exists("root"))
    }

    @Test func everythingIsInstalledUnderThePrefix() async throws {
        let scratch = try Scratch()
        let program = try scratch.write(
            "program",
            """
            #!/bin/sh
            case $1 in
            --experimental-dump-help)
                echo '{"command":{"commandName":"lorikeet","abstract":"Sing.","arguments":[]}}';;
            *) printf '#!/bin/%s\\ncompletions: %s\\n' "$2" "$*";;
            esac

            """)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        let (status, error) = try await Self.install(program, to: scratch)
        #expect(status == 0, "\(error)")
        #expect(scratch.content("root/opt/birds/bin") == ["lorikeet"])
        let alerts = try scratch.text("root/opt/birds/share/lorikeet/monitoring/alerts.yaml")
        #expect(alerts.contains("runbook_url: file:///opt/birds/share/doc/lorikeet/docs/runbook.md#lorikeetdown\n"))
        #expect(scratch.exists("root/opt/birds/share/doc/lorikeet/docs/runbook.md"))
        #expect(try Self.brokenLinks(in: scratch.path("root/opt/birds/share/doc/lorikeet")) == [])
        #expect(scratch.exists("root/opt/birds/share/lorikeet/monitoring/dashboard.json"))
        #expect(scratch.content("root/opt/birds/share/lorikeet/pipelines").contains { $0.hasSuffix(".yaml") })
        #expect(
            try scratch.text("root/opt/birds/share/bash-completion/completions/lorikeet")
                == "completions: --generate-completion-script bash\n")
        #expect(try scratch.text("root/opt/birds/share/man/man1/lorikeet.1").contains("lorikeet \\- Sing"))
        #expect(scratch.exists("root/etc/lorikeet/environment"))
        for unit in ["lorikeet", "lorikeet@", "lorikeet-retrain@"] {
            #expect(scratch.exists("root/etc/systemd/system/\(unit).service.d/20-hardening.conf"))
        }
        let reload = try scratch.text("root/etc/systemd/system/lorikeet@.service.d/10-daemon.conf")
        #expect(reload.contains("ExecReload=/opt/birds/bin/lorikeet reload\n"))
        let unit = try scratch.text("root/etc/systemd/system/lorikeet.service")
        #expect(unit.contains("/opt/birds/bin/lorikeet") && !unit.contains("/usr/local/"))
        let instance = try scratch.text("root/etc/systemd/system/lorikeet@.service")
        for text in [unit, instance] {
            // It only tells: systemd would start a daemon whose file is wrong again and again.
            let check = text.split(separator: "\n").filter { $0.hasPrefix("ExecStartPre=-") }
            #expect(check.count == 1 && check[0].contains("/opt/birds/bin/lorikeet check --offline /etc/lorikeet/"))
        }
        let pages = unit.split(separator: "\n").filter { $0.hasPrefix("Documentation=file:") }
        #expect(pages.count == 2)
        for page in pages { #expect(scratch.exists("root" + page.replacing("Documentation=file://", with: ""))) }
    }
}
