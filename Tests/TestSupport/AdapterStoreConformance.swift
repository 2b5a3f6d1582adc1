import AdapterRegistry
import BERT
import Foundation

/// What every adapter store promises; run on a fresh one.
public struct AdapterStoreConformance: Sendable {
    private let store: any AdapterStore
    private let adapters: [Adapter]

    /// - Parameters:
    ///   - store: empty as far as tasks `color` and `shape` go.
    ///   - adapters: at least three, all different, over one base.
    public init(store: any AdapterStore, adapters: [Adapter]) {
        self.store = store
        self.adapters = adapters
    }

    /// Throws ``ConformanceFailure`` at the first promise that is not kept.
    public func run() async throws {
        try require(
            adapters.count >= 3 && Set(adapters.map(\.digest)).count == adapters.count, "three different adapters")
        try await startsEmpty()
        try await publishesCandidates()
        try await loadsWhatWasPublished()
        try await promotesOne()
        try await rejects()
        try await rollsBack()
        try await keepsTasksApart()
        try await knowsTrainingRows()
        try await putsOneInShadow()
        try await endsAShadow()
        try await changesOnlyWhatIsExpected()
        try await knowsTheTypeOfTheBase()
        try await knowsOverWhatAVersionWasAccepted()
        try await countsChanges()
    }

    private func countsChanges() async throws {
        var last = try await store.revision()
        func requireChange(_ what: String) async throws {
            let now = try await store.revision()
            try require(last.map { before in now.map { $0 > before } ?? false } ?? false, "\(what) is counted")
            last = now
        }
        for adapter in adapters.prefix(2) {
            let version = try await store.publish(task: "count", adapter: adapter, metrics: [:], parentDigest: nil)
            try await requireChange("publishing")
            _ = try await store.promote(task: "count", version: version.version)
            try await requireChange("a promotion")
        }
        _ = try await store.rollback(task: "count")
        try await requireChange("a rollback")
        _ = try await store.live(tasks: ["count"])
        try require(try await store.revision() == last, "reading is not counted")
    }

    private func startsEmpty() async throws {
        try require(try await store.versions(task: "color").isEmpty, "a fresh store has no versions")
        try require(try await store.live(tasks: ["color", "shape"]).isEmpty, "a fresh store has nothing live")
        try await require(throwing: AdapterStoreError.unknownDigest("none"), "loading an unknown digest") {
            _ = try await store.load(digest: "none")
        }
        let unknown = AdapterStoreError.unknownVersion(task: "color", version: 1)
        try await require(throwing: unknown, "promoting an unknown version") {
            _ = try await store.promote(task: "color", version: 1)
        }
        try await require(throwing: unknown, "rejecting an unknown version") {
            try await store.reject(task: "color", version: 1)
        }
        try await require(throwing: AdapterStoreError.nothingToRollBackTo(task: "color"), "rolling back nothing") {
            _ = try await store.rollback(task: "color")
        }
    }

    private func publishesCandidates() async throws {
        for (index, adapter) in adapters.prefix(3).enumerated() {
            let parent = index == 0 ? nil : adapters[index - 1].digest
            let version = try await store.publish(
                task: "color", adapter: adapter, metrics: ["macro_f1": 0.5 + Double(index) / 8], parentDigest: parent)
            try require(version.version == index + 1, "versions count from 1")
            try require(version.state == .candidate, "what is published is a candidate")
            try require(version.digest == adapter.digest, "a version has its adapter's digest")
            try require(version.baseDigest == adapter.baseDigest, "a version has its base's digest")
            try require(version.metrics == ["macro_f1": 0.5 + Double(index) / 8], "metrics are kept")
            try require(version.parentDigest == parent, "the parent is kept")
            try require(version.promotedAt == nil, "a candidate was never promoted")
        }
        let again = try await store.publish(task: "color", adapter: adapters[1], metrics: [:], parentDigest: nil)
        try require(
            again.version == 2 && again.metrics.count == 1, "publishing a digest again gives the version that exists")
        try require(
            try await store.versions(task: "color").map(\.version) == [1, 2, 3], "versions come in ascending order")
        try require(try await store.live(tasks: ["color"]).isEmpty, "publishing makes nothing live")
    }

    private func loadsWhatWasPublished() async throws {
        let stored = try await store.load(digest: adapters[0].digest)
        try require(stored.manifest == adapters[0].manifest, "the manifest comes back as it was")
        try require(stored.weights == adapters[0].weights, "the weights come back bit for bit")
        try require(stored.version.task == "color", "a stored adapter knows its version")
    }

    private func promotesOne() async throws {
        let first = try await store.promote(task: "color", version: 1)
        try require(first.state == .live && first.promotedAt != nil, "a promoted version is live")
        let again = try await store.promote(task: "color", version: 1)
        try require(again == first, "promoting what is live changes nothing")
        _ = try await store.promote(task: "color", version: 2)
        try require(try await store.live(tasks: ["color"]).map(\.version) == [2], "one version a task is live")
        try require(try await states("color") == [.retired, .live, .candidate], "what was live is retired")
    }

    private func rejects() async throws {
        try await store.reject(task: "color", version: 3)
        try require(try await states("color") == [.retired, .live, .rejected], "a rejected version is rejected")
        try await require(throwing: AdapterStoreError.isLive(task: "color", version: 2), "rejecting what is live") {
            try await store.reject(task: "color", version: 2)
        }
        _ = try await store.promote(task: "color", version: 3)
        try require(
            try await states("color") == [.retired, .retired, .live], "a rejected version can be promoted after all")
    }

    private func rollsBack() async throws {
        let back = try await store.rollback(task: "color")
        try require(back.version == 2 && back.state == .live, "rolling back brings back what was live before")
        try require(try await states("color") == [.retired, .live, .rejected], "what was rolled back is rejected")
        let further = try await store.rollback(task: "color")
        try require(further.version == 1, "rolling back again goes one further")
        try await require(throwing: AdapterStoreError.nothingToRollBackTo(task: "color"), "rolling back the first") {
            _ = try await store.rollback(task: "color")
        }
        try require(try await store.live(tasks: ["color"]).map(\.version) == [1], "a failed rollback changes nothing")
    }

    private func keepsTasksApart() async throws {
        let version = try await store.publish(task: "shape", adapter: adapters[0], metrics: [:], parentDigest: nil)
        try require(version.version == 1, "versions count from 1 in each task, also where the digest is known")
        let (live, isNew) = try await store.ensureLive(task: "shape", first: adapters[1])
        try require(isNew && live.version == 2 && live.state == .live, "a task without a live version gets its first")
        let (kept, isNewAgain) = try await store.ensureLive(task: "shape", first: adapters[2])
        try require(!isNewAgain && kept.version == 2, "a task with a live version keeps it")
        let tasks = try await store.live(tasks: ["shape", "color", "none"]).map(\.task).sorted()
        try require(tasks == ["color", "shape"], "live versions of several tasks are found at once")
        try require(try await store.versions(task: nil).count == 5, "all versions of all tasks are found at once")
    }

    private func knowsTrainingRows() async throws {
        let rows = TrainingRowSet(hashes: [1 << 32, 7 << 32], times: [Date(timeIntervalSince1970: 10)], ids: [3])
        let unknown = try await store.publish(task: "size", adapter: adapters[0], metrics: [:], parentDigest: nil)
        try require(unknown.trainingRange == nil, "training rows that nobody named are unknown")
        func publish(_ adapter: Adapter, _ rows: TrainingRowSet) async throws -> AdapterVersion {
            try await store.publish(
                task: "size", adapter: adapter, metrics: [:], parentDigest: nil, trainingRows: rows)
        }
        let known = try await publish(adapters[1], rows)
        try require(known.trainingRange == rows.range, "the range of the training rows is kept")
        try require(try await store.trainingRows(digest: adapters[1].digest) == rows, "training rows come back")
        let named = try await publish(adapters[0], rows)
        try require(named.version == 1 && named.trainingRange == rows.range, "unknown training rows can be added")
        let other = try await publish(adapters[0], TrainingRowSet(hashes: [9 << 32]))
        try require(other.trainingRange == rows.range, "known training rows stay as they are")
        let live = try await store.promote(task: "size", version: 2, Promotion(by: "kim@db", reason: "it is better"))
        try require(live.promotion == Promotion(by: "kim@db", reason: "it is better"), "who promoted it is kept")
        _ = try await store.promote(task: "size", version: 1, Promotion(by: "retraining 4", reason: "won"))
        let back = try await store.rollback(task: "size", Promotion(by: "kim@db", reason: "it was worse"))
        try require(back.version == 2 && back.promotion?.reason == "it was worse", "who rolled it back is kept")
    }

    // MARK: - Shadow

    private func terms(_ champion: Int = 0) -> ShadowTerms {
        ShadowTerms(
            retraining: 7, champion: adapters[champion].digest, seconds: 86_400.5, changedLabels: 0.1,
            minimumTexts: 200, awaitsApproval: true)
    }

    private func putsOneInShadow() async throws {
        for adapter in adapters.prefix(3) {
            _ = try await store.publish(task: "mood", adapter: adapter, metrics: [:], parentDigest: nil)
        }
        _ = try await store.promote(task: "mood", version: 1)
        try require(try await store.shadows(tasks: ["mood"]).isEmpty, "nothing is in shadow at first")
        let shadow = try await store.startShadow(task: "mood", version: 2, terms())
        try require(shadow.state == .shadow && shadow.shadow?.terms == terms(), "the terms of a shadow are kept")
        let again = try await store.startShadow(task: "mood", version: 2, terms())
        try require(again == shadow, "what is in shadow on these terms stays as it is")
        try require(try await store.shadows(tasks: ["mood", "color"]) == [shadow], "what is in shadow is found")
        try require(try await store.live(tasks: ["mood"]).map(\.version) == [1], "the live version stays")
        _ = try await store.startShadow(task: "mood", version: 3, terms())
        try require(try await states("mood") == [.live, .rejected, .shadow], "a newer one replaces it")
        let isLive = AdapterStoreError.isLive(task: "mood", version: 1)
        try await require(throwing: isLive, "putting the live version in shadow") {
            _ = try await store.startShadow(task: "mood", version: 1, terms())
        }
        let unknown = AdapterStoreError.unknownVersion(task: "mood", version: 9)
        try await require(throwing: unknown, "putting an unknown version in shadow") {
            _ = try await store.startShadow(task: "mood", version: 9, terms())
        }
    }

    private func endsAShadow() async throws {
        try await store.endShadow(task: "mood", version: 3)
        try require(try await states("mood") == [.live, .rejected, .candidate], "it is a candidate again")
        try await store.endShadow(task: "mood", version: 1)
        try require(try await states("mood")[0] == .live, "what is not in shadow stays as it is")
        _ = try await store.startShadow(task: "mood", version: 3, terms())
        try await store.reject(task: "mood", version: 3)
        try require(try await states("mood")[2] == .rejected, "a version in shadow can be rejected")
        _ = try await store.startShadow(task: "mood", version: 2, terms())
        _ = try await store.promote(task: "mood", version: 2)
        try require(try await states("mood") == [.retired, .live, .rejected], "a version in shadow can be promoted")
        _ = try await store.startShadow(task: "mood", version: 3, terms(1))
        _ = try await store.promote(task: "mood", version: 2)
        try require(
            try await states("mood") == [.retired, .live, .rejected], "promoting what is live ends another's shadow")
        _ = try await store.startShadow(task: "mood", version: 3, terms(1))
        _ = try await store.rollback(task: "mood")
        try require(try await states("mood") == [.live, .rejected, .rejected], "a rollback ends the shadow")
    }

    /// What was decided on has changed: nothing more changes.
    private func changesOnlyWhatIsExpected() async throws {
        for adapter in adapters.prefix(3) {
            _ = try await store.publish(task: "tone", adapter: adapter, metrics: [:], parentDigest: nil)
        }
        _ = try await store.promote(task: "tone", version: 1)
        let shadow = try await store.startShadow(
            task: "tone", version: 2, terms(), expecting: ExpectedVersions(live: adapters[0].digest, state: .candidate))
        let expected = ExpectedVersions(live: adapters[0].digest, state: .shadow, shadow: shadow.shadow)
        var (otherLive, otherState, otherShadow) = (expected, expected, expected)
        (otherLive.live, otherState.state) = (nil, .candidate)
        otherShadow.shadow?.terms.retraining = 8
        for wrong in [otherLive, otherState, otherShadow] {
            try await refuses(wrong)
        }
        let promotion = Promotion(by: "retraining 7", reason: "won")
        let live = try await store.promote(task: "tone", version: 2, promotion, expecting: expected)
        try require(live.state == .live, "what is expected is promoted")
        let candidate = ExpectedVersions(live: live.digest, state: .candidate)
        try await store.reject(task: "tone", version: 3, expecting: candidate)
        try require(try await states("tone") == [.retired, .live, .rejected], "what is expected is rejected")
    }

    private func refuses(_ wrong: ExpectedVersions) async throws {
        let hasChanged = AdapterStoreError.hasChanged(task: "tone")
        try await require(throwing: hasChanged, "promoting on other terms") {
            _ = try await store.promote(
                task: "tone", version: 2, Promotion(by: "retraining 7", reason: "won"), expecting: wrong)
        }
        try await require(throwing: hasChanged, "ending a shadow on other terms") {
            try await store.endShadow(task: "tone", version: 2, expecting: wrong)
        }
        try await require(throwing: hasChanged, "starting a shadow on other terms") {
            _ = try await store.startShadow(task: "tone", version: 2, terms(), expecting: wrong)
        }
        try await require(throwing: hasChanged, "rejecting on other terms") {
            try await store.reject(task: "tone", version: 2, expecting: wrong)
        }
        try require(try await states("tone") == [.live, .shadow, .candidate], "nothing has changed")
    }

    private func knowsTheTypeOfTheBase() async throws {
        for dataType in DataType.allCases {
            let adapter = try adapters[0].with { $0.dataType = dataType }
            let version = try await store.publish(task: "type", adapter: adapter, metrics: [:], parentDigest: nil)
            try require(version.dataType == dataType, "a version has the type that its adapter was trained over")
            let stored = try await store.load(digest: adapter.digest)
            try require(stored.manifest.trainingDataType == dataType, "and so has its manifest")
        }
        try require(
            try await store.versions(task: "type").map(\.dataType) == DataType.allCases, "versions are told by type")
    }

    private func knowsOverWhatAVersionWasAccepted() async throws {
        let precision = BasePrecision(.int8).keeping([.init(layer: 1, group: .output)], in: .bfloat16)
        let version = try await store.publish(task: "finer", adapter: adapters[0], metrics: [:], parentDigest: nil)
        try require(version.acceptedDtype == nil, "nobody has said so")
        try await store.accept(task: "finer", version: 1, over: precision)
        let live = try await store.promote(task: "finer", version: 1)
        try require(live.acceptedPrecision == precision, "what a version was accepted over is kept")
        let before = try await store.revision()
        try await store.accept(task: "finer", version: 1, over: .float32)
        try require(try await store.revision() != before, "daemons see it of a version that is live")
        let found = try await store.live(tasks: ["finer"]).first
        try require(found?.acceptedDtype == "float32", "the last one counts")
        let unknown = AdapterStoreError.unknownVersion(task: "finer", version: 9)
        try await require(throwing: unknown, "accepting an unknown version") {
            try await store.accept(task: "finer", version: 9, over: .float32)
        }
    }

    private func states(_ task: String) async throws -> [AdapterState] {
        try await store.versions(task: task).map(\.state)
    }
}
