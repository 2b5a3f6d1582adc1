// What the kernels of attention share: sixteen rows at a time become columns.
#pragma once

#include "vector.h"

static ptrdiff_t padded(ptrdiff_t n, ptrdiff_t unit) { return (n + unit - 1) / unit * unit; }

// [a0 b0 a1 b1 ... a7 b7] and [a8 b8 ... a15 b15]
INLINE v16 interleave_low(v16 a, v16 b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
INLINE v16 interleave_high(v16 a, v16 b) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// Up to 16 rows of up to 16 floats become columns: four rounds of interleaving transpose a square. Missing rows are
// zero.
INLINE void transpose_block(ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t stride, float *y,
    ptrdiff_t y_stride) {
    v16 a[W], b[W];
    UNROLL for (int i = 0; i < W; i++) a[i] = i < rows ? load_upto(x + i * stride, columns) : splat(0);
    UNROLL for (int i = 0; i < 8; i++)
        b[2 * i] = interleave_low(a[i], a[i + 8]), b[2 * i + 1] = interleave_high(a[i], a[i + 8]);
    UNROLL for (int i = 0; i < 8; i++)
        a[2 * i] = interleave_low(b[i], b[i + 8]), a[2 * i + 1] = interleave_high(b[i], b[i + 8]);
    UNROLL for (int i = 0; i < 8; i++)
        b[2 * i] = interleave_low(a[i], a[i + 8]), b[2 * i + 1] = interleave_high(a[i], a[i + 8]);
    UNROLL for (int i = 0; i < 8; i++)
        a[2 * i] = interleave_low(b[i], b[i + 8]), a[2 * i + 1] = interleave_high(b[i], b[i + 8]);
    UNROLL for (int i = 0; i < W; i++) {
        if (i < columns) store(y + i * y_stride, a[i]);
    }
}
