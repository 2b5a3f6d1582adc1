#pragma once

#include "quantized_kernels.h"
#include "vector.h"

typedef uint8_t b16 __attribute__((ext_vector_type(16)));
typedef uint8_t b16_unaligned __attribute__((ext_vector_type(16), aligned(1)));

// Below this range a row counts as zeros: its scale would be too small to divide by.
static const float smallest_range = 0x1p-100f;

// Sixteen values on the scale of the codes. Multiplied and added apart on every level: fused, some would be rounded
// the other way.
INLINE i16 coded(v16 x, float inverse, int32_t zero) {
#pragma clang fp contract(off)
    const v16 shift = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer in the low bits
    v16 scaled = x * splat(inverse);
    i16 code = bits(scaled + shift) - bits(shift) + (i16)zero;
    return __builtin_elementwise_min(__builtin_elementwise_max(code, (i16)0), (i16)255);
}

typedef struct {
    float scale, inverse;
    int32_t zero;
    bool finite;
} row_scale;

// The scale that spreads 0...255 over a row's range, which always includes zero.
INLINE row_scale scale_of_range(float low, float high, float poison) {
    row_scale s = {__builtin_nanf(""), 0, 0, false};
    if (poison != 0) return s;
    s.finite = true;
    s.scale = 0;
    if (!(high - low >= smallest_range)) return s;
    s.scale = high / 255.0f - low / 255.0f;
    s.inverse = 1.0f / s.scale;
    float zero = __builtin_rintf(-low * s.inverse);
    s.zero = zero > 255.0f ? 255 : (int32_t)zero;
    return s;
}

// The range of values so far, zero included; `poison` is NaN as soon as one is not finite.
typedef struct {
    v16 low, high, poison;
} value_range;

INLINE void widen_range(value_range *r, ptrdiff_t columns, const float *x) {
    for (ptrdiff_t j = 0; j < columns; j += W) {
        v16 value = load_upto(x + j, columns - j);
        r->low = vmin(value, r->low);
        r->high = vmax(value, r->high);
        r->poison += value * splat(0.0f);
    }
}

INLINE row_scale scale_of(const value_range *r) {
    v16 lows[W] = {-r->low}, highs[W] = {r->high};
    return scale_of_range(-reduce(1, true, lows)[0], reduce(1, true, highs)[0], sum(r->poison));
}

INLINE void encode(ptrdiff_t columns, const float *x, const row_scale *s, uint8_t *to) {
    for (ptrdiff_t j = 0; j < columns; j += W) {
        ptrdiff_t left = columns - j;
        b16 codes = __builtin_convertvector(coded(load_upto(x + j, left), s->inverse, s->zero), b16);
        if (left >= W) *(b16_unaligned *)(to + j) = codes;
        else memcpy(to + j, &codes, (size_t)left);
    }
}

// Records a row's scale, after its codes are written. A row with a value that is not finite becomes zeros with the
// scale NaN, so that whatever is computed from it is NaN. Returns whether all were finite.
INLINE bool finish_row(ptrdiff_t columns, const row_scale *s, ptrdiff_t row, const lk_quantized_rows *q) {
    uint8_t *to = q->codes + row * q->stride;
    ptrdiff_t written = s->inverse > 0 ? columns : 0;
    memset(to + written, 0, (size_t)(q->stride - written));
    q->scales[row] = s->scale;
    q->zeros[row] = s->zero;
    return s->finite;
}

// Quantizes one row, which should be in the first-level cache: it is read twice.
INLINE bool quantize_row(ptrdiff_t columns, const float *x, ptrdiff_t row, const lk_quantized_rows *q) {
    value_range range = {0, 0, 0};
    widen_range(&range, columns, x);
    row_scale s = scale_of(&range);
    if (s.inverse > 0) encode(columns, x, &s, q->codes + row * q->stride);
    return finish_row(columns, &s, row, q);
}
