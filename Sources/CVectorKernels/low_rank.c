#include "vector.h"

// R rows of x against C rows of a, from first to last: R * C dot products at once.
INLINE void dots(
    int R, int C, ptrdiff_t inputs, const float *x, ptrdiff_t x_stride, const float *a, float *t, ptrdiff_t t_stride) {
    v16 acc[W];
    UNROLL for (int i = 0; i < W; i++) acc[i] = splat(0);
    for (ptrdiff_t i = 0; i < inputs; i += W) {
        ptrdiff_t left = inputs - i;
        v16 weights[4];
        UNROLL for (int c = 0; c < C; c++) weights[c] = load_upto(a + c * inputs + i, left);
        UNROLL for (int r = 0; r < R; r++) {
            v16 value = load_upto(x + r * x_stride + i, left);
            UNROLL for (int c = 0; c < C; c++) acc[r * C + c] += value * weights[c];
        }
    }
    if (R * C == W) {
        float lanes[W];
        store(lanes, reduce(W, false, acc));
        UNROLL for (int i = 0; i < W; i++) t[i / C * t_stride + i % C] = lanes[i];
    } else {
        UNROLL for (int i = 0; i < R * C; i++) t[i / C * t_stride + i % C] = sum(acc[i]);
    }
}

// Inputs in whole vectors are the rule; saying so apart keeps the tail's code out of that loop.
INLINE void dots_any(
    int R, int C, ptrdiff_t inputs, const float *x, ptrdiff_t x_stride, const float *a, float *t, ptrdiff_t t_stride) {
    if (inputs % W == 0) dots(R, C, inputs / W * W, x, x_stride, a, t, t_stride);
    else dots(R, C, inputs, x, x_stride, a, t, t_stride);
}

INLINE void down_rows(
    int R, int C, ptrdiff_t inputs, ptrdiff_t rank, const float *x, ptrdiff_t x_stride, const float *a, float *t,
    ptrdiff_t t_stride) {
    ptrdiff_t c = 0;
    for (; c + C <= rank; c += C) dots_any(R, C, inputs, x, x_stride, a + c * inputs, t + c, t_stride);
    for (; c < rank; c++) dots_any(R, 1, inputs, x, x_stride, a + c * inputs, t + c, t_stride);
}

KERNEL(void, lk_low_rank_down, (
    ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t rank, const float *x, ptrdiff_t x_stride, const float *a, float *t,
    ptrdiff_t t_stride),
    (rows, inputs, rank, x, x_stride, a, t, t_stride)) {
    ptrdiff_t row = 0;
    if (has_wide_registers()) {
        for (; row + 4 <= rows; row += 4)
            down_rows(4, 4, inputs, rank, x + row * x_stride, x_stride, a, t + row * t_stride, t_stride);
        for (; row < rows; row++)
            down_rows(1, 4, inputs, rank, x + row * x_stride, x_stride, a, t + row * t_stride, t_stride);
    } else {
        for (; row + 2 <= rows; row += 2)
            down_rows(2, 2, inputs, rank, x + row * x_stride, x_stride, a, t + row * t_stride, t_stride);
        for (; row < rows; row++)
            down_rows(1, 2, inputs, rank, x + row * x_stride, x_stride, a, t + row * t_stride, t_stride);
    }
}

// R rows of y, C vectors of columns, the last of which holds `last` floats.
INLINE void widen(
    int R, int C, ptrdiff_t rank, const float *t, ptrdiff_t t_stride, const float *b, ptrdiff_t b_stride, float scale,
        float *y,
    ptrdiff_t y_stride, ptrdiff_t last) {
    v16 acc[8];
    UNROLL for (int i = 0; i < R * C; i++) acc[i] = splat(0);
    for (ptrdiff_t k = 0; k < rank; k++) {
        v16 weights[2];
        UNROLL for (int c = 0; c < C; c++) weights[c] = load_upto(b + k * b_stride + c * W, c == C - 1 ? last : W);
        UNROLL for (int r = 0; r < R; r++) {
            v16 value = splat(t[r * t_stride + k]);
            UNROLL for (int c = 0; c < C; c++) acc[r * C + c] += value * weights[c];
        }
    }
    UNROLL for (int i = 0; i < R * C; i++) {
        float *to = y + i / C * y_stride + i % C * W;
        ptrdiff_t count = i % C == C - 1 ? last : W;
        store_upto(to, load_upto(to, count) + splat(scale) * acc[i], count);
    }
}

// C vectors of columns of y, all rows.
INLINE void widen_columns(
    int C, ptrdiff_t rows, ptrdiff_t rank, const float *t, ptrdiff_t t_stride, const float *b, ptrdiff_t b_stride,
        float scale,
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
    ptrdiff_t rows, ptrdiff_t rank, ptrdiff_t outputs, const float *t, ptrdiff_t t_stride, const float *b,
    bool b_transposed,
    float scale, float *y, ptrdiff_t y_stride),
    (rows, rank, outputs, t, t_stride, b, b_transposed, scale, y, y_stride)) {
    float tile[TILE_RANK * 2 * W];
    bool wide = has_wide_registers();
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
        ptrdiff_t at = 0;
        if (wide && width == 2 * W) {
            widen_columns(2, rows, rank, t, t_stride, columns, stride, scale, y + j, y_stride, W);
            at = 2 * W;
        }
        for (; at + W <= width; at += W)
            widen_columns(1, rows, rank, t, t_stride, columns + at, stride, scale, y + j + at, y_stride, W);
        if (at < width)
            widen_columns(1, rows, rank, t, t_stride, columns + at, stride, scale, y + j + at, y_stride, width - at);
    }
}
