import BERT
import Training
import WordPiece

/// The precision in which a daemon serves under `dtype: auto`, and why.
///
/// The fastest type of the CPU is chosen that keeps the quality of the live adapters of all tasks: on labelled rows, or
/// on texts of the stream if there are too few rows. Linear layers that cost too much fall back to the next type, which
/// is slower and finer. In doubt, the answer is float32.
public struct PrecisionChoice: Sendable {
    /// The live adapter of a task, with what can judge it.
    public struct Evidence: Sendable {
        /// The task.
        public var task: String
        /// Its live adapter; nil if it has none.
        public var adapter: Adapter?
        /// The types over which it was accepted; nil: whatever served.
        public var accepted: BasePrecision?
        /// Labelled rows, best such that the adapter was not trained on.
        public var rows: [LabelledText]
        /// Texts of the stream, with unknown labels.
        public var recentTexts: [String]
        /// What became of labels that the task once had.
        public var mapping: LabelMapping

        /// What is known of a task.
        public init(
            task: String, adapter: Adapter?, rows: [LabelledText] = [], recentTexts: [String] = [],
            mapping: LabelMapping = LabelMapping()
        ) {
            (self.task, self.adapter, self.rows) = (task, adapter, rows)
            (self.recentTexts, self.mapping) = (recentTexts, mapping)
        }

        /// What judges: the rows, else the texts; nil if there are too few of both.
        fileprivate func subject(minimumTexts: Int) -> PrecisionCheck.Subject? {
            guard let adapter else { return nil }
            if rows.count >= minimumTexts {
                return PrecisionCheck.Subject(task: task, adapter: adapter, rows: rows, mapping: mapping)
            }
            guard recentTexts.count >= minimumTexts else { return nil }
            return PrecisionCheck.Subject(task: task, adapter: adapter, texts: recentTexts)
        }
    }

    /// The base in the precision that was chosen.
    public let base: BERTBase
    /// What it costs, by task; empty where nothing was measured.
    public let figures: [String: PrecisionFigures]
    /// A sentence for a person, such as `int8: section: 3 of 400 labels change (0.75 %), …`.
    public let reason: String

    /// The types in which it computes.
    public var precision: BasePrecision { base.precision }

    private init(_ base: BERTBase, _ figures: [String: PrecisionFigures] = [:], reason: String) {
        (self.base, self.figures, self.reason) = (base, figures, reason)
    }

    /// Chooses. It blocks the calling thread.
    ///
    /// - Parameters:
    ///   - float32: the base in float32.
    ///   - candidates: types that the CPU computes faster than float32, the fastest first.
    ///   - reduced: loads the same base in one of them; called only if it may be chosen.
    ///   - evidence: of all tasks.
    ///   - workers: threads; nil: one per core.
    ///   - maxTokens: texts are cut to this many tokens.
    ///   - isOver: asked before each step of the search for layers that cost too much.
    /// - Throws: what `reduced` throws, and `AdapterError` for an adapter of another base.
    public static func choose(
        float32: BERTBase, candidates: [DataType] = DataType.fastestFirst, reduced: (DataType) throws -> BERTBase,
        tokenizer: WordPieceTokenizer, evidence: [Evidence], limits: PrecisionLimits = PrecisionLimits(),
        workers: Int? = nil, maxTokens: Int = TokenLimit.standard, isOver: () -> Bool = { false }
    ) throws -> PrecisionChoice {
        guard !candidates.isEmpty else {
            return PrecisionChoice(float32, reason: "float32: this CPU has no instructions for a faster type")
        }
        guard !evidence.isEmpty else { return PrecisionChoice(float32, reason: "float32: there is no task to check") }
        var subjects: [PrecisionCheck.Subject] = []
        for task in evidence {
            guard let subject = task.subject(minimumTexts: limits.minimumTexts) else {
                return PrecisionChoice(float32, reason: "float32: " + task.lack(minimumTexts: limits.minimumTexts))
            }
            subjects.append(subject)
        }
        let check = try PrecisionCheck(
            float32: float32, tokenizer: tokenizer, subjects: subjects, limits: limits, workers: workers,
            maxTokens: maxTokens)
        return try search(check, candidates, load: reduced, isOver: isOver)
    }

    private static func search(
        _ check: PrecisionCheck, _ candidates: [DataType], load: (DataType) throws -> BERTBase, isOver: () -> Bool
    ) throws -> PrecisionChoice {
        // Each type is also what the layers of the one before it fall back to.
        var next: BERTBase?
        var reasons: [String] = []
        for (number, type) in candidates.enumerated() {
            let base = try next ?? load(type)
            next = nil
            func finer() throws -> BERTBase {
                guard number + 1 < candidates.count else { return check.float32 }
                let base = try load(candidates[number + 1])
                next = base
                return base
            }
            let fallback = try PrecisionFallback(check, reduced: base, finer: finer, isOver: isOver)
            reasons.append(fallback.reason)
            guard fallback.precision != .float32 else { continue }
            let figures = Dictionary(
                zip(check.subjects.map(\.task), fallback.figures), uniquingKeysWith: { first, _ in first })
            var reason = reasons.joined(separator: "; ")
            if fallback.fellBack { reason = "\(type.rawValue) in part: " + reason }
            if !fallback.fellBack, number > 0 { reason = "\(type.rawValue): " + reason }
            return PrecisionChoice(fallback.base, figures, reason: reason)
        }
        return PrecisionChoice(check.float32, reason: "float32: " + reasons.joined(separator: "; "))
    }
}

extension PrecisionChoice.Evidence {
    /// Why nothing can judge.
    fileprivate func lack(minimumTexts: Int) -> String {
        guard adapter != nil else { return "task \(task) has no live adapter to check with" }
        return "task \(task) has \(rows.count) labelled rows and \(recentTexts.count) stored texts, and it takes "
            + "\(minimumTexts) of either to check what a faster type costs"
    }
}
