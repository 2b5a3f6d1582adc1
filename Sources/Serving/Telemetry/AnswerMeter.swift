import DequeModule

/// Counts the answers of one task to the newest 1,000 texts.
struct AnswerMeter {
    private struct Answer {
        let labels: [String]
        let score: Double
        let abstained: Bool
    }

    static let window = 1_000

    private var answers: Deque<Answer> = []
    private var counts: [String: Int] = [:]
    private var abstentions = 0

    mutating func add(_ label: TaskLabel) {
        if answers.count == Self.window, let oldest = answers.popFirst() { count(oldest, by: -1) }
        let answer = Answer(labels: label.given ?? [], score: label.score, abstained: label.abstained)
        answers.append(answer)
        count(answer, by: 1)
    }

    private mutating func count(_ answer: Answer, by change: Int) {
        for label in answer.labels {
            let count = counts[label, default: 0] + change
            // A label that the task no longer has must not stay for ever.
            counts[label] = count > 0 ? count : nil
        }
        if answer.abstained { abstentions += change }
    }

    func answers(task: String) -> TaskAnswers {
        let labels = counts.map { TaskAnswers.Count(label: $0, texts: $1) }
        return TaskAnswers(
            task: task, texts: answers.count,
            labels: labels.sorted { ($1.texts, $0.label) < ($0.texts, $1.label) }, abstentions: abstentions,
            meanScore: answers.reduce(0) { $0 + $1.score } / Double(max(1, answers.count)))
    }
}
