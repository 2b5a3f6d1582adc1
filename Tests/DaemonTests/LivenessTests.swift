import Testing

@testable import Daemon
@testable import Serving

/// The watchdog is pinged only while this is alive.
@Test func aWorkerThatIsStuckInABatchEndsTheLiveness() {
    func heartbeat(_ worker: Int, busyFor: Duration?) -> WorkerHeartbeat {
        WorkerHeartbeat(worker: worker, busyFor: busyFor, batches: 3)
    }
    let idle = heartbeat(0, busyFor: nil)
    #expect(Liveness([idle, heartbeat(1, busyFor: .seconds(59))]).alive)
    let wedged = Liveness([idle, heartbeat(1, busyFor: .seconds(61))])
    #expect(!wedged.alive)
    #expect(wedged.stuck == [1] && wedged.workers == 2)
}
