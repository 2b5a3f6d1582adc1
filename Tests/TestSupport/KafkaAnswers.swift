/// What a broker answers to one connection that nobody stands behind: ApiVersions 0, and what it is made for.
final class KafkaAnswers: ProxyFilter {
    /// Kind and version of a request, what follows the name of its client, and the answer to write.
    ///
    /// - Returns: whether the connection goes on.
    typealias Answer = (
        _ api: Int16, _ version: Int16, _ request: inout KafkaWireReader, _ answer: inout KafkaWireWriter
    ) -> Bool

    private static let versionsAPI: Int16 = 18
    private let versions: [(api: Int16, range: ClosedRange<Int16>)]
    private let answer: Answer
    private var received: [UInt8] = []

    /// - Parameters:
    ///   - versions: of the requests that `answer` knows.
    ///   - answer: is asked for every request but ApiVersions.
    init(versions: [(api: Int16, range: ClosedRange<Int16>)], _ answer: @escaping Answer) {
        self.versions = (versions + [(Self.versionsAPI, 0...0)]).sorted { $0.api < $1.api }
        self.answer = answer
    }

    func fromServer(_ bytes: [UInt8]) -> ProxyVerdict { .pass(bytes) }

    func fromClient(_ bytes: [UInt8]) -> ProxyVerdict {
        received += bytes
        var answers: [UInt8] = []
        while let frame = KafkaWireReader.takeFrame(&received) {
            var request = KafkaWireReader(frame)
            let (api, version, correlation) = (request.int16(), request.int16(), request.int32())
            _ = request.string()
            var body = KafkaWireWriter()
            body.int32(correlation)
            if api == Self.versionsAPI {
                writeVersions(askedFor: version, &body)
            } else if !answer(api, version, &request, &body) {
                return .cut
            }
            answers += KafkaWireWriter.framed(body.bytes)
        }
        return .answer(answers)
    }

    /// A client that asks for a newer version of ApiVersions is told so, and asks again.
    private func writeVersions(askedFor version: Int16, _ body: inout KafkaWireWriter) {
        body.int16(version == 0 ? 0 : 35)  // UNSUPPORTED_VERSION
        body.int32(Int32(versions.count))
        for (api, range) in versions {
            body.int16(api)
            body.int16(range.lowerBound)
            body.int16(range.upperBound)
        }
    }
}
