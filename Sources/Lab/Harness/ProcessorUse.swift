import FoundationEssentials
import Glibc

/// How long a process has used the processors since this was made.
struct ProcessorUse {
    private let process: Int
    private let start: Double
    private let begun = ContinuousClock.now

    /// - Throws: if there is no such process.
    init(of process: Int) throws {
        self.process = process
        start = try Self.total(process)
    }

    /// Processor time in seconds, of all threads.
    ///
    /// - Throws: if the process has ended.
    func seconds() throws -> Double { try Self.total(process) - start }

    /// The share of so many cores.
    func share(ofCores cores: Int) throws -> Double {
        try seconds() / ((ContinuousClock.now - begun).inSeconds * Double(cores))
    }

    private static func total(_ process: Int) throws -> Double {
        let path = "/proc/\(process)/stat"
        // The name of the program may hold blanks; it ends with the last bracket.
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), let bracket = text.lastIndex(of: ")")
        else {
            throw LabError("process \(process) has ended")
        }
        // proc(5): utime and stime are the fields 14 and 15, of which the first two are the number and the name.
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            throw LabError("\(path) does not have the expected form")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
