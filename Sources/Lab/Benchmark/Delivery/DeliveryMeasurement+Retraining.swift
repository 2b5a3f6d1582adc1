import Reports

/// What a retraining costs the daemon that started it: pairs of runs with and without, in turn.
extension DeliveryMeasurement {
    /// The rate of one daemon on all cores.
    func retraining() async throws -> DeliveryRow {
        var pairs: [(with: Double, without: Double)] = []
        var shares: [Double] = []
        for _ in 0..<runs {
            let (rate, share) = try await deliveredBesideRetraining()
            shares.append(share)
            pairs.append((rate, try await delivered(daemons: 1, workers: cores)))
        }
        let ratios = Measurements(pairs.map { $0.with / $0.without })
        let rates = (Measurements(pairs.map(\.with)).median, Measurements(pairs.map(\.without)).median)
        return DeliveryRow(
            figure: .retraining, name: "documents/s while a task is retrained, relative to without",
            number: ratios.median,
            value: ratios.spread(2), goal: "0.85",
            details: "\(Figure.decimal(rates.0, 0)) and \(Figure.decimal(rates.1, 0)) documents/s; the retraining had "
                + "\(Figure.decimal(100 * Measurements(shares).median, 1)) % of the processors")
    }

    /// The 99th percentile of latency at half load.
    func retrainingLatency() async throws -> DeliveryRow {
        let load = try await delivered(daemons: 1, workers: cores) / 2
        var pairs: [(with: Double, without: Double)] = []
        var shares: [Double] = []
        for _ in 0..<runs {
            let (p99, share) = try await trickleBesideRetraining(perSecond: load)
            shares.append(share)
            let (name, topic) = (await testbed.freshName("quiet"), try await testbed.makeTopic())
            let daemon = try await testbed.start([await testbed.pipeline(name, topic: topic)], workers: cores)
            try await testbed.waitUntilAssigned([daemon])
            let quiet = try await trickle(to: topic, perSecond: load, pipeline: name, daemon: daemon)
            pairs.append((p99, quiet.p99))
        }
        let ratios = Measurements(pairs.map { $0.with / $0.without })
        let latencies = (Measurements(pairs.map(\.with)).median, Measurements(pairs.map(\.without)).median)
        return DeliveryRow(
            figure: .retrainingLatency,
            name: "produced to committed at half load while a task is retrained: 99th percentile, relative to without",
            number: ratios.median, value: ratios.spread(2), goal: "2 at most",
            details: "\(Figure.decimal(latencies.0, 0)) and \(Figure.decimal(latencies.1, 0)) ms, "
                + "\(Figure.decimal(load, 0)) documents/s; the retraining had "
                + "\(Figure.decimal(100 * Measurements(shares).median, 1)) % of the processors")
    }

    private func deliveredBesideRetraining() async throws -> (rate: Double, share: Double) {
        let (name, topic) = (await testbed.freshName("retraining"), try await testbed.makeTopic())
        let (daemon, process) = try await startRetraining(name, topic: topic)
        let use = try ProcessorUse(of: process)
        try await deliverTexts(to: topic, pipeline: name)
        let share = try use.share(ofCores: cores)
        try await testbed.end([daemon])
        return (try await testbed.database.storedPerSecond(pipeline: name), share)
    }

    private func trickleBesideRetraining(perSecond load: Double) async throws -> (p99: Double, share: Double) {
        let (name, topic) = (await testbed.freshName("retraining"), try await testbed.makeTopic())
        let (daemon, process) = try await startRetraining(name, topic: topic)
        let use = try ProcessorUse(of: process)
        var share = 0.0
        let (_, p99, _) = try await trickle(to: topic, perSecond: load, pipeline: name, daemon: daemon) {
            share = try use.share(ofCores: cores)
        }
        return (p99, share)
    }

    /// Starts a daemon that retrains its task for longer than the measurement takes, and waits until that trains.
    ///
    /// - Returns: the daemon, and the number of the process that retrains.
    private func startRetraining(_ name: String, topic: String) async throws -> (DaemonProcess, Int) {
        try await testbed.makeRowsToRetrain()
        var pipeline = await testbed.pipeline(name, topic: topic)
        // It is unknown which rows the adapter was trained on; by default nothing would be trained then. The recipe is
        // fixed, because an automatic one may end early.
        pipeline.retrain =
            "{ every: 100ms, minimum_new_rows: 1, recipe: fixed, epochs: 1000, "
            + "gate: { unknown_training_rows: allow } }"
        let daemon = try await testbed.start([pipeline], workers: cores)
        try await testbed.waitUntilAssigned([daemon])
        return (daemon, try await testbed.waitUntilTraining())
    }
}
