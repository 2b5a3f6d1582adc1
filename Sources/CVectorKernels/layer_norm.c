#include "bfloat16.h"
#include "quantize.h"

// One row; returns its mean and 1/sqrt(variance + epsilon). `kept` receives the sum and may be `to`.
INLINE void normalize_row(
    ptrdiff_t columns, const float *from, const float *also, const float *gamma, const float *beta, float epsilon,
    float *to, float *kept, float *mean_out, float *inverse_out) {
    v16 total0 = 0, total1 = 0;
    ptrdiff_t j = 0;
    for (; j + 2 * W <= columns; j += 2 * W) {
        v16 a = load(from + j), b = load(from + j + W);
        if (also) a += load(also + j), b += load(also + j + W);
        store(kept + j, a), store(kept + j + W, b);
        total0 += a, total1 += b;
    }
    for (; j < columns; j += W) {
        v16 a = load_upto(from + j, columns - j);
        if (also) a += load_upto(also + j, columns - j);
        store_upto(kept + j, a, columns - j);
        total0 += a;
    }
    float mean = sum(total0 + total1) / (float)columns;

    total0 = total1 = 0;
    for (j = 0; j + 2 * W <= columns; j += 2 * W) {
        v16 a = load(kept + j) - splat(mean), b = load(kept + j + W) - splat(mean);
        total0 += a * a, total1 += b * b;
    }
    for (; j < columns; j += W) {
        v16 a = load_upto(kept + j, columns - j) - splat(mean);
        if (columns - j < W) a = where(lane_index() < (i16)(int32_t)(columns - j), a, splat(0));
        total0 += a * a;
    }
    float inverse = 1.0f / __builtin_sqrtf(sum(total0 + total1) / (float)columns + epsilon);

    for (j = 0; j < columns; j += W) {
        ptrdiff_t left = columns - j;
        v16 normal = (load_upto(kept + j, left) - splat(mean)) * splat(inverse);
        store_upto(to + j, normal * load_upto(gamma + j, left) + load_upto(beta + j, left), left);
    }
    if (mean_out) *mean_out = mean;
    if (inverse_out) *inverse_out = inverse;
}

KERNEL(void, lk_layer_norm, (
    ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *residual,
    ptrdiff_t residual_stride,
    const float *gamma, const float *beta, float epsilon, float *y, ptrdiff_t y_stride, float *sum_out,
    ptrdiff_t sum_stride,
    float *means, float *inverses),
    (rows, columns, x, x_stride, residual, residual_stride, gamma, beta, epsilon, y, y_stride, sum_out, sum_stride,
    means, inverses)) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        float *to = y + row * y_stride;
        normalize_row(
            columns, x + row * x_stride, residual ? residual + row * residual_stride : NULL, gamma, beta, epsilon, to,
            sum_out ? sum_out + row * sum_stride : to, means ? means + row : NULL, inverses ? inverses + row : NULL);
    }
}

KERNEL(bool, lk_layer_norm_quantized, (
    ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *residual,
    ptrdiff_t residual_stride, const float *gamma, const float *beta, float epsilon, float *y, ptrdiff_t y_stride,
    const lk_quantized_rows *q),
    (rows, columns, x, x_stride, residual, residual_stride, gamma, beta, epsilon, y, y_stride, q)) {
    bool finite = true;
    for (ptrdiff_t row = 0; row < rows; row++) {
        float *to = y + row * y_stride;
        normalize_row(
            columns, x + row * x_stride, residual ? residual + row * residual_stride : NULL, gamma, beta, epsilon, to,
            to, NULL, NULL);
        finite &= quantize_row(columns, to, row, q);
    }
    return finite;
}

KERNEL(bool, lk_layer_norm_rounded, (
    ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *residual,
    ptrdiff_t residual_stride, const float *gamma, const float *beta, float epsilon, float *y, ptrdiff_t y_stride,
    const lk_bf16_rows *b),
    (rows, columns, x, x_stride, residual, residual_stride, gamma, beta, epsilon, y, y_stride, b)) {
    bool finite = true;
    for (ptrdiff_t row = 0; row < rows; row++) {
        float *to = y + row * y_stride;
        normalize_row(
            columns, x + row * x_stride, residual ? residual + row * residual_stride : NULL, gamma, beta, epsilon, to,
            to, NULL, NULL);
        finite &= round_row(columns, to, row, b);
    }
    return finite;
}

KERNEL(void, lk_layer_norm_backward, (
    ptrdiff_t rows, ptrdiff_t columns, const float *sums_in, ptrdiff_t sum_stride, const float *means,
    const float *inverses,
    const float *gamma, const float *dy, ptrdiff_t dy_stride, float *dx, ptrdiff_t dx_stride, bool accumulate,
    float *dgamma,
    float *dbeta),
    (rows, columns, sums_in, sum_stride, means, inverses, gamma, dy, dy_stride, dx, dx_stride, accumulate, dgamma,
    dbeta)) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const float *s = sums_in + row * sum_stride, *dyr = dy + row * dy_stride;
        float *dxr = dx + row * dx_stride;
        v16 mean = splat(means[row]), inverse = splat(inverses[row]);
        v16 total = 0, projected = 0;
        for (ptrdiff_t j = 0; j < columns; j += W) {
            ptrdiff_t left = columns - j;
            v16 d = load_upto(dyr + j, left), normal = (load_upto(s + j, left) - mean) * inverse;
            v16 g = d * load_upto(gamma + j, left);  // zero beyond the row's end, so that `normal` there does not count
            total += g;
            projected += g * normal;
            if (dgamma) store_upto(dgamma + j, load_upto(dgamma + j, left) + d * normal, left);
            if (dbeta) store_upto(dbeta + j, load_upto(dbeta + j, left) + d, left);
        }
        v16 average = splat(sum(total) / (float)columns), slope = splat(sum(projected) / (float)columns);
        for (ptrdiff_t j = 0; j < columns; j += W) {
            ptrdiff_t left = columns - j;
            v16 normal = (load_upto(s + j, left) - mean) * inverse;
            v16 d = inverse * (load_upto(dyr + j, left) * load_upto(gamma + j, left) - average - normal * slope);
            if (accumulate) d += load_upto(dxr + j, left);
            store_upto(dxr + j, d, left);
        }
    }
}
