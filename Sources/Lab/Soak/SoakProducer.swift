import Foundation
import KafkaClient
import Kernels
import Threading

/// Produces numbered messages, a bad one now and then; the number is the key.
actor SoakProducer {
    private let thread = DedicatedThread(name: "soak-producer")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private static let words = [
        "library", "game", "chess", "parser", "python", "manual", "server", "driver", "image", "sound", "network",
        "kernel", "editor",
        "mail", "font", "the", "a", "for", "and", "of", "with", "tools", "small", "fast", "development", "files",
    ]

    private let producer: KafkaProducer
    private let topic: String
    private let keyPrefix: String
    private var random: SplitMix64
    private(set) var total = 0

    init(brokers: String, topic: String, keyPrefix: String, seed: UInt64) throws {
        // Without end, so that every message that was counted is in the topic at last, if need be twice: each offset is a text of its own.
        producer = try KafkaProducer(properties: [
            "bootstrap.servers": brokers, "linger.ms": "20", "message.timeout.ms": "0",
            "reconnect.backoff.max.ms": "500",
        ])
        (self.topic, self.keyPrefix) = (topic, keyPrefix)
        random = SplitMix64(seed: seed)
    }

    /// Puts the next messages on their way.
    func produce(_ count: Int) throws {
        for _ in 0..<count {
            try producer.produce(
                topic: topic, key: Array("\(keyPrefix)\(total)".utf8), payload: payload(), timeout: .seconds(120))
            total += 1
        }
    }

    /// Waits until the broker has all of them.
    func finish() throws {
        let limit = ContinuousClock.now + .seconds(120)
        while producer.deliveredCount < total {
            do { try producer.flush(timeout: .seconds(5)) } catch { if ContinuousClock.now > limit { throw error } }
        }
    }

    private func payload() -> [UInt8]? {
        switch random.below(200) {
        case 0: return nil
        case 1: return [0x7B, 0xFF, 0xFE]
        case 2: return []
        default:
            let words = (0..<(3 + random.below(12))).map { _ in Self.words[random.below(Self.words.count)] }
            return Array(words.joined(separator: " ").utf8)
        }
    }
}
