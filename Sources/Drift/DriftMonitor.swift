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
        case gatheringProfile(ReferenceCentres, Gathered)
        case detecting(ReferenceCentres, DistanceSpread?, DriftDetector)
    }

    /// Texts that become a reference.
    private struct Gathered {
        var profile: TextProfile
        /// The nearest centre of each text that has one.
        var nearest: [ReferenceCentres.Nearest] = []
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
        let phase = usable.map { Phase.detecting($0.centres, $0.spread, DriftDetector(reference: $0.profile)) }
        state = Mutex(State(phase: phase ?? .waiting))
    }

    /// How far a pooled vector is from the centres of the labels. While there are no centres, the vector counts for
    /// that of the predicted label.
    ///
    /// - Parameter vector: valid during the call.
    public func distances(_ vector: UnsafeBufferPointer<Float>, label: Int) -> TextDistances {
        // The centres are shared, not copied, and the distances are computed without the lock.
        let known = state.withLock { state -> (ReferenceCentres, DistanceSpread?)? in
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
                    ? .gatheringCentres(sums)
                    : .gatheringProfile(sums.centres, Gathered(profile: TextProfile(labels: labels)))
            case .gatheringProfile(let centres, _): return (centres, nil)
            case .detecting(let centres, let spread, _): return (centres, spread)
            }
            return nil
        }
        return known.map { TextDistances(vector, label: label, centres: $0, spread: $1) } ?? TextDistances()
    }

    /// What distances are usual; nil while there is no reference, or it does not say.
    public var spread: DistanceSpread? {
        state.withLock { state in
            guard case .detecting(_, let spread, _) = state.phase else { return nil }
            return spread
        }
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
        case .gatheringProfile(let centres, var gathered):
            state.gathered += 1
            // A batch may have begun before the centres were complete: its texts have no distance.
            guard text.distance != nil || !centres.hasCentre(text.label) else { return }
            state.phase = .waiting
            gathered.profile.add(text)
            if let nearest = text.nearest { gathered.nearest.append(nearest) }
            guard gathered.profile.texts >= Self.profileTexts else {
                state.phase = .gatheringProfile(centres, gathered)
                return
            }
            let spread = DistanceSpread(gathered.nearest, labels: labels)
            state.unstored = DriftReference(
                adapterDigest: digest, source: .live, profile: gathered.profile, centres: centres, spread: spread)
            state.phase = .detecting(centres, spread, DriftDetector(reference: gathered.profile))
        case .detecting(let centres, let spread, var detector):
            state.phase = .waiting
            detector.add(text)
            state.phase = .detecting(centres, spread, detector)
        }
    }

    /// How the newest texts compare with the reference.
    public var status: DriftStatus {
        state.withLock { state in
            guard case .detecting(_, _, let detector) = state.phase else {
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
