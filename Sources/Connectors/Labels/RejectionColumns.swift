import PostgresClient
import Serving

/// Rows of `rejected`, as columns.
struct RejectionColumns {
    private var keys = KeyColumns()
    private var messageKeys: [[UInt8]?] = []
    private var headers: [String?] = []
    private var payloads: [[UInt8]?] = []
    private var stages: [String?] = []
    private var reasons: [String?] = []
    private var traceParents: [String?] = []

    init(_ rejections: ArraySlice<Rejection>) {
        for rejection in rejections {
            keys.append(rejection.message)
            messageKeys.append(rejection.message.key)
            headers.append(JSONText.headers(rejection.message.headers))
            payloads.append(rejection.message.payload)
            stages.append(rejection.stage.rawValue)
            reasons.append(StorableText.reason(rejection.reason))
            traceParents.append(rejection.message.traceParent?.description)
        }
    }

    func parameters(pipeline: String) -> [PostgresValue] {
        [.text(pipeline)] + keys.origin
            + [
                keys.time, .byteStrings(messageKeys), .texts(headers), .byteStrings(payloads), .texts(stages),
                .texts(reasons), .texts(traceParents),
            ]
    }
}
