import Kernels

/// The messages of a soak: random texts, a long one or a broken message now and then. The key is the message's number.
struct SoakMessages {
    private static let words = [
        "library", "game", "chess", "parser", "python", "manual", "server", "driver", "image", "sound", "network",
        "kernel", "editor", "mail", "font", "the", "a", "for", "and", "of", "with", "tools", "small", "fast",
        "development", "files",
    ]

    private let keyPrefix: String
    private var random: SplitMix64
    private var number = 0

    /// - Parameter keyPrefix: stands before the number in each key; numbers start at 0.
    init(keyPrefix: String, seed: UInt64) {
        self.keyPrefix = keyPrefix
        random = SplitMix64(seed: seed)
    }

    mutating func next(_ count: Int) -> [LabProducer.Message] {
        (0..<count).map { _ in
            defer { number += 1 }
            return LabProducer.Message(key: Array("\(keyPrefix)\(number)".utf8), payload: payload())
        }
    }

    /// 1.5 % are null, empty or not UTF-8.
    private mutating func payload() -> [UInt8]? {
        switch random.below(200) {
        case 0: return nil
        case 1: return [0x7B, 0xFF, 0xFE]
        case 2: return []
        default:
            // 2 % are longer than a window.
            let count = random.below(50) == 0 ? 60 + random.below(60) : 3 + random.below(12)
            let words = (0..<count).map { _ in Self.words[random.below(Self.words.count)] }
            return Array(words.joined(separator: " ").utf8)
        }
    }
}
