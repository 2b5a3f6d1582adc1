import Glibc
import Synchronization

/// Ctrl-C and SIGTERM, for commands that stop at the next good moment instead of at once.
enum Interruption {
    private static let wasAsked = Atomic<Bool>(false)

    /// From now on the first signal only asks; a second one ends the process as usual.
    static func watch() {
        // Touched here, so that the signal handler finds it initialised.
        wasAsked.store(false, ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in Interruption.wasAsked.store(true, ordering: .relaxed) }
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
    }

    /// Whether somebody asked to stop.
    static var isAsked: Bool { wasAsked.load(ordering: .relaxed) }
}
