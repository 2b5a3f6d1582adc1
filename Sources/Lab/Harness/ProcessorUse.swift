import FoundationEssentials
import Glibc
import Threading

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

    /// Processor time in seconds that a server has used, with all its processes, also those that have ended.
    static func total(ofServer server: Int) throws -> Double {
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(Int.init)
        // One that has ended meanwhile counts for its parent.
        let children = processes.compactMap { try? Times($0) }.filter { $0.parent == server }
        let own = try Times(server)
        return own.used + own.ofEndedChildren + children.reduce(0) { $0 + $1.used }
    }

    private static func total(_ process: Int) throws -> Double { try Times(process).used }
}

extension ProcessorUse {
    /// Processor times of a process, in seconds.
    private struct Times {
        let parent: Int
        let used: Double
        let ofEndedChildren: Double

        init(_ process: Int) throws {
            let path = "/proc/\(process)/stat"
            // The name of the program may hold blanks; it ends with the last bracket.
            guard let text = try? String(contentsOfFile: path, encoding: .utf8), let bracket = text.lastIndex(of: ")")
            else {
                throw LabError("process \(process) has ended")
            }
            // proc(5): the parent is field 4, utime to cstime are the fields 14 to 17. The first two are number and
            // name.
            let fields = text[text.index(after: bracket)...].split(separator: " ")
            let times = fields.dropFirst(11).prefix(4).compactMap { Double($0) }
            guard times.count == 4, let parent = Int(fields[1]) else {
                throw LabError("\(path) does not have the expected form")
            }
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            self.parent = parent
            (used, ofEndedChildren) = ((times[0] + times[1]) / ticks, (times[2] + times[3]) / ticks)
        }
    }
}
