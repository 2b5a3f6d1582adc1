#include "vector.h"

#include <limits.h>

// R rows of x against C rows of a, from first to last: R * C dot products at once.
INLINE void dots(
    int R, int C, ptrdiff_t inputs, const float *x, ptrdiff_t x_stride, const float *a, ptrdiff_t a_stride, float *t,
    ptrdiff_t t_stride) {
    v16 acc[W] = {0};
    for (ptrdiff_t i = 0; i < inputs; i += W) {
        ptrdiff_t left = inputs - i;
        v16 weights[4];
        UNROLL for (int c = 0; c < C; c++) weights[c] = load_upto(a + c * a_stride + i, left);
        UNROLL for (int r = 0; r < R; r++) {
            v16 value = load_upto(x + r * x_stride + i, left);
            UNROLL for (int c = 0; c < C; c++) acc[r * 4 + c] += value * weights[c];
        }
    }
    float lanes[W];
    store(lanes, sums(acc));
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int c = 0; c < C; c++) t[r * t_stride + c] = lanes[r * 4 + c];
    }
}

// Inputs in whole vectors are the rule; saying so apart keeps the tail's code out of that loop.
INLINE void dots_any(
    int R, int C, ptrdiff_t inputs, const float *x, ptrdiff_t x_stride, const float *a, ptrdiff_t a_stride, float *t,
    ptrdiff_t t_stride) {
    if (inputs % W == 0) dots(R, C, inputs / W * W, x, x_stride, a, a_stride, t, t_stride);
    else dots(R, C, inputs, x, x_stride, a, a_stride, t, t_stride);
}

KERNEL(void, lk_low_rank_down, (
    ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t rank, const float *x, ptrdiff_t x_stride, const float *a, float *t,
    ptrdiff_t t_stride),
    (rows, inputs, rank, x, x_stride, a, t, t_stride)) {
    ptrdiff_t row = 0;
    for (; row + 4 <= rows; row += 4) {
        ptrdiff_t c = 0;
        for (; c + 4 <= rank; c += 4)
            dots_any(4, 4, inputs, x + row * x_stride, x_stride, a + c * inputs, inputs, t + row * t_stride + c, t_stride);
        for (; c < rank; c++)
            dots_any(4, 1, inputs, x + row * x_stride, x_stride, a + c * inputs, inputs, t + row * t_stride + c, t_stride);
    }
    for (; row < rows; row++) {
        ptrdiff_t c = 0;
        for (; c + 4 <= rank; c += 4)
            dots_any(1, 4, inputs, x + row * x_stride, x_stride, a + c * inputs, inputs, t + row * t_stride + c, t_stride);
        for (; c < rank; c++)
            dots_any(1, 1, inputs, x + row * x_stride, x_stride, a + c * inputs, inputs, t + row * t_stride + c, t_stride);
    }
}

// R rows of y, C vectors of columns, the last of which holds `last` floats.
INLINE void widen(
    int R, int C, ptrdiff_t rank, const float *t, ptrdiff_t t_stride, const float *b, ptrdiff_t b_stride, float scale, float *y,
    ptrdiff_t y_stride, ptrdiff_t last) {
    v16 acc[8] = {0};
    for (ptrdiff_t k = 0; k < rank; k++) {
        v16 weights[2];
        UNROLL for (int c = 0; c < C; c++) weights[c] = load_upto(b + k * b_stride + c * W, c == C - 1 ? last : W);
        UNROLL for (int r = 0; r < R; r++) {
            v16 value = splat(t[r * t_stride + k]);
            UNROLL for (int c = 0; c < C; c++) acc[r * C + c] += value * weights[c];
        }
    }
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int c = 0; c < C; c++) {
            float *to = y + r * y_stride + c * W;
            ptrdiff_t count = c == C - 1 ? last : W;
            store_upto(to, load_upto(to, count) + splat(scale) * acc[r * C + c], count);
        }
    }
}

INLINE void widen_columns(
    int C, ptrdiff_t rows, ptrdiff_t rank, const float *t, ptrdiff_t t_stride, const float *b, ptrdiff_t b_stride, float scale,
    float *y, ptrdiff_t y_stride, ptrdiff_t last) {
    ptrdiff_t row = 0;
    for (; row + 4 <= rows; row += 4)
        widen(4, C, rank, t + row * t_stride, t_stride, b, b_stride, scale, y + row * y_stride, y_stride, last);
    for (; row < rows; row++)
        widen(1, C, rank, t + row * t_stride, t_stride, b, b_stride, scale, y + row * y_stride, y_stride, last);
}

enum { TILE_RANK = 64 };

// b comes as [outputs, rank] or transposed; rank is at most TILE_RANK where it does not come transposed.
KERNEL(void, lk_low_rank_up, (
    ptrdiff_t rows, ptrdiff_t rank, ptrdiff_t outputs, const float *t, ptrdiff_t t_stride, const float *b, bool b_transposed,
    float scale, float *y, ptrdiff_t y_stride),
    (rows, rank, outputs, t, t_stride, b, b_transposed, scale, y, y_stride)) {
    float tile[TILE_RANK * 2 * W];
    for (ptrdiff_t j = 0; j < outputs; j += 2 * W) {
        ptrdiff_t width = outputs - j < 2 * W ? outputs - j : 2 * W;
        const float *columns = b + j;
        ptrdiff_t stride = outputs;
        if (!b_transposed) {
            for (ptrdiff_t c = 0; c < width; c++)
                for (ptrdiff_t k = 0; k < rank; k++) tile[k * 2 * W + c] = b[(j + c) * rank + k];
            columns = tile;
            stride = 2 * W;
        }
        if (width == 2 * W) widen_columns(2, rows, rank, t, t_stride, columns, stride, scale, y + j, y_stride, W);
        else if (width > W) widen_columns(2, rows, rank, t, t_stride, columns, stride, scale, y + j, y_stride, width - W);
        else widen_columns(1, rows, rank, t, t_stride, columns, stride, scale, y + j, y_stride, width);
    }
}
