import Files
import JSON
import Reports

/// The accuracy of a model trained on all rows: what learning curves are compared with.
public struct TrainingReference: Sendable {
    /// What was trained, in words.
    public let name: String
    /// On the test rows.
    public let accuracy: Double

    /// - Parameter path: the output of `scripts/training/peft_train.py`: JSON lines, of which the last has the result.
    public init(path: String) throws {
        let bytes = try FileContents.array(path: path, atMost: FileContents.largestConfiguration)
        guard let line = bytes.split(separator: UInt8(ascii: "\n")).last(where: { $0.first == UInt8(ascii: "{") }),
            let report = try? JSONParser.parse(Array(line)),
            case .number(let rows)? = report["rows"], case .number(let accuracy)? = report["accuracy"],
            let rows = Int(exactly: rows), (0...1).contains(accuracy)
        else { throw LabError("\(path): the last line of JSON must have rows and an accuracy from 0 to 1") }
        self.accuracy = accuracy
        name = "PEFT, trained on \(Figure.grouped(rows)) rows"
    }
}
