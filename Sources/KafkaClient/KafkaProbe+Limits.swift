import CRdKafka
import Threading

extension KafkaProbe {
    /// The largest batch of records that topics take, in bytes: `max.message.bytes` of their configuration.
    ///
    /// - Parameter patience: how long the broker may take.
    /// - Returns: by topic; without those of which the broker does not tell this user.
    public func maximumBatchBytes(of topics: [String], within patience: Duration) -> [String: Int] {
        guard !topics.isEmpty, let queue = rd_kafka_queue_new(handle.client) else { return [:] }
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(handle.client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var reason = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_request_timeout(options, patience.milliseconds, &reason, reason.count)
        var resources = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
        defer { for resource in resources { rd_kafka_ConfigResource_destroy(resource) } }
        rd_kafka_DescribeConfigs(handle.client, &resources, resources.count, options, queue)
        // An answer comes in any case, also that there is none in time.
        guard let event = rd_kafka_queue_poll(queue, 2 * patience.milliseconds) else { return [:] }
        defer { rd_kafka_event_destroy(event) }
        guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR,
            let result = rd_kafka_event_DescribeConfigs_result(event)
        else { return [:] }
        return Self.limits(result)
    }

    private static func limits(_ result: OpaquePointer) -> [String: Int] {
        var limits: [String: Int] = [:]
        var count = 0
        guard let resources = rd_kafka_DescribeConfigs_result_resources(result, &count) else { return [:] }
        for index in 0..<count {
            guard let resource = resources[index], let name = rd_kafka_ConfigResource_name(resource),
                rd_kafka_ConfigResource_error(resource) == RD_KAFKA_RESP_ERR_NO_ERROR
            else { continue }
            var size = 0
            guard let entries = rd_kafka_ConfigResource_configs(resource, &size) else { continue }
            for place in 0..<size {
                guard let key = rd_kafka_ConfigEntry_name(entries[place]),
                    String(cString: key) == "max.message.bytes",
                    let value = rd_kafka_ConfigEntry_value(entries[place])
                else { continue }
                limits[String(cString: name)] = Int(String(cString: value))
            }
        }
        return limits
    }
}
