#pragma once

#include "bfloat16_kernels.h"
#include "vector.h"

typedef uint16_t h16 __attribute__((ext_vector_type(16)));
typedef uint16_t h16_unaligned __attribute__((ext_vector_type(16), aligned(2)));

// Magnitudes of a float as an integer: the least that is not subnormal, and the least that rounding makes infinite.
enum { LEAST_NORMAL = 0x00800000, LEAST_INFINITE = 0x7f7f8000, MAGNITUDE = 0x7fffffff, ROUNDED_NAN = 0x7fc0 };

// Rounds sixteen values, in integers: so neither the CPU nor the thread's mode for subnormal numbers matters. Lanes of
// `infinite` become all ones where a value is not finite after rounding.
INLINE h16 rounded(v16 x, i16 *infinite) {
    i16 magnitude = bits(x) & (i16)MAGNITUDE;
    i16 is_infinite = magnitude >= (i16)LEAST_INFINITE;
    u16 whole = (u16)bits(x);
    u16 nearest = (whole + 0x7fff + (whole >> 16 & 1)) >> 16 & (u16)(magnitude >= (i16)LEAST_NORMAL);
    *infinite |= is_infinite;
    return __builtin_convertvector((nearest & ~(u16)is_infinite) | ((u16)is_infinite & ROUNDED_NAN), h16);
}

INLINE bool any(i16 mask) { return __builtin_reduce_or(mask) != 0; }

// Rounds columns of one row, of which the first is the start of a vector. Lanes beyond the last one become zero.
INLINE void round_columns(ptrdiff_t columns, const float *x, uint16_t *to, i16 *infinite) {
    for (ptrdiff_t j = 0; j < columns; j += W)
        *(h16_unaligned *)(to + j) = rounded(load_upto(x + j, columns - j), infinite);
}

// The zeros behind the columns, up to the whole cache line.
INLINE void finish_rounded_row(ptrdiff_t columns, uint16_t *to, ptrdiff_t stride) {
    memset(to + columns, 0, (size_t)(stride - columns) * sizeof *to);
}

// Rounds one row, which should be in the first-level cache. Returns whether all values are finite.
INLINE bool round_row(ptrdiff_t columns, const float *x, ptrdiff_t row, const lk_bf16_rows *b) {
    uint16_t *to = b->values + row * b->stride;
    i16 infinite = 0;
    round_columns(columns, x, to, &infinite);
    finish_rounded_row(columns, to, b->stride);
    return !any(infinite);
}
