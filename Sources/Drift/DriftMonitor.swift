import Synchronization

/// Watches the texts that one live adapter labels, from all workers.
///
/// Without a reference, the first texts become one: 500 for the centres of the labels, then 2,000 for the profile.
public final class DriftMonitor: Sendable {
    /// Live texts for the centres, where there is no reference.
    public static let centreTexts = 500
    /// Live texts for the profile, where there is no reference.
    public static let profileTexts = DriftDetector.warmUpTexts

    private enum Phase {
        /// Nothing yet; the length of the vectors is known from the first one.
        case waiting
        case gatheringCentres(ReferenceCentres.Sums)
        case gatheringProfile(ReferenceCentres, TextProfile)
        case detecting(ReferenceCentres, DriftDetector)
    }

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var phase: Phase
        /// Made here and not stored yet.
        var unstored: DriftReference?
        /// Texts before the detector.
        var gathered = 0
    }

    private let state: Mutex<State>
    private let digest: String
    private let labels: Int

    /// - Parameters:
    ///   - digest: of the adapter.
    ///   - labels: the number of its labels.
    ///   - reference: of this adapter; nil: it is made of the first live texts.
    public init(adapterDigest digest: String, labels: Int, reference: DriftReference? = nil) {
        (self.digest, self.labels) = (digest, labels)
        let usable = reference.flatMap { $0.profile.texts >= DriftReference.minimumTexts ? $0 : nil }
        let phase = usable.map { Phase.detecting($0.centres, DriftDetector(reference: $0.profile)) }
        state = Mutex(State(phase: phase ?? .waiting))
    }

    /// How far a pooled vector is from the centre of a label. While there are no centres, the vector counts for them.
    ///
    /// - Parameter vector: valid during the call.
    public func distance(_ vector: UnsafeBufferPointer<Float>, label: Int) -> Float? {
        // The centres are shared, not copied, and the distance is computed without the lock.
        let centres = state.withLock { state -> ReferenceCentres? in
            switch state.phase {
            case .waiting:
                var sums = ReferenceCentres.Sums(labels: labels, hidden: vector.count)
                sums.add(vector, label: label)
                state.phase = .gatheringCentres(sums)
            case .gatheringCentres(var sums):
                // So that the sums have one owner and are not copied.
                state.phase = .waiting
                sums.add(vector, label: label)
                state.phase =
                    sums.texts < Self.centreTexts
                    ? .gatheringCentres(sums) : .gatheringProfile(sums.centres, TextProfile(labels: labels))
            case .gatheringProfile(let centres, _), .detecting(let centres, _): return centres
            }
            return nil
        }
        return centres?.distance(vector, label: label)
    }

    /// Counts texts, such as those of one batch.
    public func record(_ texts: [TextObservation]) {
        guard !texts.isEmpty else { return }
        state.withLock { state in
            for text in texts { add(text, to: &state) }
        }
    }

    private func add(_ text: TextObservation, to state: inout State) {
        switch state.phase {
        case .waiting, .gatheringCentres: state.gathered += 1
        case .gatheringProfile(let centres, var profile):
            state.gathered += 1
            // A batch may have begun before the centres were complete: its texts have no distance.
            guard text.distance != nil || !centres.hasCentre(text.label) else { return }
            state.phase = .waiting
            profile.add(text)
            guard profile.texts >= Self.profileTexts else {
                state.phase = .gatheringProfile(centres, profile)
                return
            }
            state.unstored = DriftReference(adapterDigest: digest, source: .live, profile: profile, centres: centres)
            state.phase = .detecting(centres, DriftDetector(reference: profile))
        case .detecting(let centres, var detector):
            state.phase = .waiting
            detector.add(text)
            state.phase = .detecting(centres, detector)
        }
    }

    /// How the newest texts compare with the reference.
    public var status: DriftStatus {
        state.withLock { state in
            guard case .detecting(_, let detector) = state.phase else {
                var status = DriftStatus()
                status.texts = state.gathered
                return status
            }
            return detector.status
        }
    }

    /// The reference that was made of live texts, until it is ``stored(_:)``.
    public var unstoredReference: DriftReference? { state.withLock { $0.unstored } }

    /// Says that the reference of live texts need not be stored any more.
    public func stored() { state.withLock { $0.unstored = nil } }
}
