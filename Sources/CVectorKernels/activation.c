#include "bfloat16.h"
#include "quantize.h"

static const float inverse_root_2 = 0.70710678f;
static const float root_2_over_pi = 0.79788456f;
static const float inverse_root_2_pi = 0.39894228f;
static const float gelu_cubic = 0.044715f;

INLINE v16 activated(int kind, v16 x) {
    switch (kind) {
    case LK_GELU_ERF: return splat(0.5f) * x * (splat(1.0f) + verf(x * splat(inverse_root_2)));
    case LK_GELU_TANH: {
        v16 inner = splat(root_2_over_pi) * (x + splat(gelu_cubic) * x * x * x);
        return splat(0.5f) * x * (splat(1.0f) + vtanh(inner));
    }
    case LK_RELU: return vmax(splat(0.0f), x);
    default: return vtanh(x);
    }
}

INLINE v16 slope(int kind, v16 x) {
    switch (kind) {
    case LK_GELU_ERF: {
        v16 cumulative = splat(0.5f) * (splat(1.0f) + verf(x * splat(inverse_root_2)));
        return cumulative + x * splat(inverse_root_2_pi) * vexp(splat(-0.5f) * x * x);
    }
    case LK_GELU_TANH: {
        v16 t = vtanh(splat(root_2_over_pi) * (x + splat(gelu_cubic) * x * x * x));
        v16 inner_slope = splat(root_2_over_pi) * (splat(1.0f) + splat(3 * gelu_cubic) * x * x);
        return splat(0.5f) * (splat(1.0f) + t) + splat(0.5f) * x * (splat(1.0f) - t * t) * inner_slope;
    }
    case LK_RELU: return where(x > splat(0.0f), splat(1.0f), splat(0.0f));
    default: {
        v16 t = vtanh(x);
        return splat(1.0f) - t * t;
    }
    }
}

INLINE void activate(
    int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *bias, float *y,
    ptrdiff_t y_stride) {
    for (ptrdiff_t row = 0; row < rows; row++, x += x_stride, y += y_stride)
        for (ptrdiff_t j = 0; j < columns; j += W) {
            v16 value = load_upto(x + j, columns - j);
            if (bias) value += load_upto(bias + j, columns - j);
            store_upto(y + j, activated(kind, value), columns - j);
        }
}

CLONED void lk_activate(
    int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *bias, float *y,
    ptrdiff_t y_stride) {
    switch (kind) {
    case LK_GELU_ERF: activate(LK_GELU_ERF, rows, columns, x, x_stride, bias, y, y_stride); break;
    case LK_GELU_TANH: activate(LK_GELU_TANH, rows, columns, x, x_stride, bias, y, y_stride); break;
    case LK_RELU: activate(LK_RELU, rows, columns, x, x_stride, bias, y, y_stride); break;
    default: activate(LK_TANH, rows, columns, x, x_stride, bias, y, y_stride); break;
    }
}

// Floats of a row that fit in the first-level cache.
enum { SHORT_ROW = 4096 };

// A row that is neither kept nor short: its values are computed once for their range and once more for their codes.
INLINE bool activate_long_row(
    int kind, ptrdiff_t columns, const float *x, const float *bias, ptrdiff_t row, const lk_quantized_rows *q) {
    float part[SHORT_ROW];
    value_range range = {0, 0, 0};
    row_scale s = {0, 0, 0, true};
    for (int pass = 0; pass < 2; pass++) {
        for (ptrdiff_t j = 0; j < columns; j += SHORT_ROW) {
            ptrdiff_t count = columns - j < SHORT_ROW ? columns - j : SHORT_ROW;
            activate(kind, 1, count, x + j, 0, bias ? bias + j : NULL, part, 0);
            if (pass == 0) widen_range(&range, count, part);
            else if (s.inverse > 0) encode(count, part, &s, q->codes + row * q->stride + j);
        }
        if (pass == 0) s = scale_of(&range);
    }
    return finish_row(columns, &s, row, q);
}

INLINE bool activate_quantized(
    int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *bias, float *y,
    ptrdiff_t y_stride, const lk_quantized_rows *q) {
    float row_floats[SHORT_ROW];
    bool finite = true;
    for (ptrdiff_t row = 0; row < rows; row++, x += x_stride) {
        if (!y && columns > SHORT_ROW) {
            finite &= activate_long_row(kind, columns, x, bias, row, q);
            continue;
        }
        float *to = y ? y + row * y_stride : row_floats;
        activate(kind, 1, columns, x, 0, bias, to, 0);
        finite &= quantize_row(columns, to, row, q);
    }
    return finite;
}

CLONED bool lk_activate_quantized(
    int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *bias, float *y,
    ptrdiff_t y_stride, const lk_quantized_rows *q) {
    switch (kind) {
    case LK_GELU_ERF: return activate_quantized(LK_GELU_ERF, rows, columns, x, x_stride, bias, y, y_stride, q);
    case LK_GELU_TANH: return activate_quantized(LK_GELU_TANH, rows, columns, x, x_stride, bias, y, y_stride, q);
    case LK_RELU: return activate_quantized(LK_RELU, rows, columns, x, x_stride, bias, y, y_stride, q);
    default: return activate_quantized(LK_TANH, rows, columns, x, x_stride, bias, y, y_stride, q);
    }
}

INLINE bool activate_rounded(
    int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *bias, float *y,
    ptrdiff_t y_stride, const lk_bf16_rows *b) {
    float part[SHORT_ROW];
    i16 infinite = 0;
    for (ptrdiff_t row = 0; row < rows; row++, x += x_stride) {
        uint16_t *rounded_row = b->values + row * b->stride;
        for (ptrdiff_t j = 0; j < columns; j += SHORT_ROW) {
            ptrdiff_t count = columns - j < SHORT_ROW ? columns - j : SHORT_ROW;
            float *to = y ? y + row * y_stride + j : part;
            activate(kind, 1, count, x + j, 0, bias ? bias + j : NULL, to, 0);
            round_columns(count, to, rounded_row + j, &infinite);
        }
        finish_rounded_row(columns, rounded_row, b->stride);
    }
    return !any(infinite);
}

CLONED bool lk_activate_rounded(
    int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *bias, float *y,
    ptrdiff_t y_stride, const lk_bf16_rows *b) {
    switch (kind) {
    case LK_GELU_ERF: return activate_rounded(LK_GELU_ERF, rows, columns, x, x_stride, bias, y, y_stride, b);
    case LK_GELU_TANH: return activate_rounded(LK_GELU_TANH, rows, columns, x, x_stride, bias, y, y_stride, b);
    case LK_RELU: return activate_rounded(LK_RELU, rows, columns, x, x_stride, bias, y, y_stride, b);
    default: return activate_rounded(LK_TANH, rows, columns, x, x_stride, bias, y, y_stride, b);
    }
}

INLINE void activate_backward(
    int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *dy,
        ptrdiff_t dy_stride,
    float *dx, ptrdiff_t dx_stride, bool accumulate) {
    for (ptrdiff_t row = 0; row < rows; row++, x += x_stride, dy += dy_stride, dx += dx_stride)
        for (ptrdiff_t j = 0; j < columns; j += W) {
            ptrdiff_t left = columns - j;
            v16 gradient = load_upto(dy + j, left) * slope(kind, load_upto(x + j, left));
            if (accumulate) gradient += load_upto(dx + j, left);
            store_upto(dx + j, gradient, left);
        }
}

CLONED void lk_activate_backward(
    int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *dy,
        ptrdiff_t dy_stride,
    float *dx, ptrdiff_t dx_stride, bool accumulate) {
    switch (kind) {
    case LK_GELU_ERF:
        activate_backward(LK_GELU_ERF, rows, columns, x, x_stride, dy, dy_stride, dx, dx_stride, accumulate);
        break;
    case LK_GELU_TANH:
        activate_backward(LK_GELU_TANH, rows, columns, x, x_stride, dy, dy_stride, dx, dx_stride, accumulate);
        break;
    case LK_RELU:
        activate_backward(LK_RELU, rows, columns, x, x_stride, dy, dy_stride, dx, dx_stride, accumulate);
        break;
    default: activate_backward(LK_TANH, rows, columns, x, x_stride, dy, dy_stride, dx, dx_stride, accumulate); break;
    }
}

KERNEL(void, lk_exp, (ptrdiff_t count, const float *x, float *y),
    (count, x, y)) {
    for (ptrdiff_t i = 0; i < count; i += W) store_upto(y + i, vexp(load_upto(x + i, count - i)), count - i);
}

KERNEL(void, lk_erf, (ptrdiff_t count, const float *x, float *y),
    (count, x, y)) {
    for (ptrdiff_t i = 0; i < count; i += W) store_upto(y + i, verf(load_upto(x + i, count - i)), count - i);
}

KERNEL(void, lk_tanh, (ptrdiff_t count, const float *x, float *y),
    (count, x, y)) {
    for (ptrdiff_t i = 0; i < count; i += W) store_upto(y + i, vtanh(load_upto(x + i, count - i)), count - i);
}
