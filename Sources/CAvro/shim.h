#pragma once

// Only tests use the library: see docs/decisions/0013-avro-decoder.md.
#include <avro.h>

// The functions of a value are macros, which Swift cannot call.

static inline void lorikeet_avro_release(avro_value_iface_t *kind) { avro_value_iface_decref(kind); }

static inline int lorikeet_avro_set_null(avro_value_t *value) { return avro_value_set_null(value); }

static inline int lorikeet_avro_set_boolean(avro_value_t *value, int truth) {
    return avro_value_set_boolean(value, truth);
}

static inline int lorikeet_avro_set_int(avro_value_t *value, int32_t number) {
    return avro_value_set_int(value, number);
}

static inline int lorikeet_avro_set_long(avro_value_t *value, int64_t number) {
    return avro_value_set_long(value, number);
}

static inline int lorikeet_avro_set_float(avro_value_t *value, float number) {
    return avro_value_set_float(value, number);
}

static inline int lorikeet_avro_set_double(avro_value_t *value, double number) {
    return avro_value_set_double(value, number);
}

static inline int lorikeet_avro_set_bytes(avro_value_t *value, void *bytes, size_t size) {
    return avro_value_set_bytes(value, bytes, size);
}

// The size counts the zero at the end.
static inline int lorikeet_avro_set_string(avro_value_t *value, char *text, size_t size) {
    return avro_value_set_string_len(value, text, size);
}

static inline int lorikeet_avro_set_enum(avro_value_t *value, int symbol) { return avro_value_set_enum(value, symbol); }

static inline int lorikeet_avro_set_fixed(avro_value_t *value, void *bytes, size_t size) {
    return avro_value_set_fixed(value, bytes, size);
}

static inline int lorikeet_avro_field(avro_value_t *value, size_t index, avro_value_t *field) {
    return avro_value_get_by_index(value, index, field, NULL);
}

static inline int lorikeet_avro_append(avro_value_t *value, avro_value_t *element) {
    return avro_value_append(value, element, NULL);
}

static inline int lorikeet_avro_add(avro_value_t *value, const char *key, avro_value_t *member) {
    return avro_value_add(value, key, member, NULL, NULL);
}

static inline int lorikeet_avro_set_branch(avro_value_t *value, int branch, avro_value_t *member) {
    return avro_value_set_branch(value, branch, member);
}
