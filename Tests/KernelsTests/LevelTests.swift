import Foundation
import Testing

/// The tests of a build see only the best instruction level that the CPU has.
struct LevelTests {
    @Test func everyInstructionLevelComputesTheSame() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let script = Process()
        script.executableURL = root.appendingPathComponent("scripts/kernels/run")
        script.arguments = ["1"]
        let output = Pipe()
        (script.standardOutput, script.standardError) = (output, output)
        try script.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        script.waitUntilExit()
        #expect(script.terminationStatus == 0, "\(text)")
        #expect(text.contains("attention"))
    }
}
