#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/// `rd_kafka_producev` is variadic, which Swift cannot call. The payload and the key are copied; `headers` belong to
/// the message once this returns 0. The delivery report has `opaque` as `_private`.
static inline rd_kafka_resp_err_t lorikeet_produce(
    rd_kafka_t *client, const char *topic, int32_t partition, void *payload, size_t payload_length, const void *key,
    size_t key_length, rd_kafka_headers_t *headers, int64_t timestamp, void *opaque) {
    // Without headers the sentinel comes first: librdkafka does not take NULL headers.
    if (headers == NULL)
        return rd_kafka_producev(
            client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_VALUE(payload, payload_length), RD_KAFKA_V_KEY(key, key_length), RD_KAFKA_V_TIMESTAMP(timestamp),
            RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    return rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE(payload, payload_length), RD_KAFKA_V_KEY(key, key_length), RD_KAFKA_V_TIMESTAMP(timestamp),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}

/// `rd_kafka_mock_broker_push_request_error_rtts` is variadic, which Swift cannot call. One answer: its error, and its
/// delay in milliseconds.
static inline rd_kafka_resp_err_t lorikeet_push_answer(
    rd_kafka_mock_cluster_t *cluster, int32_t broker, int16_t api, rd_kafka_resp_err_t error, int delay) {
    return rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, api, 1, error, delay);
}
