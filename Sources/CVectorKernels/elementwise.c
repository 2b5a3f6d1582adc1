#include "vector.h"

KERNEL(void, lk_embed, (
    ptrdiff_t tokens, ptrdiff_t columns, const int32_t *ids, const float *words, const float *positions,
    const float *type,
    float *y, ptrdiff_t y_stride),
    (tokens, columns, ids, words, positions, type, y, y_stride)) {
    for (ptrdiff_t i = 0; i < tokens; i++) {
        const float *word = words + (ptrdiff_t)ids[i] * columns, *position = positions + i * columns;
        float *to = y + i * y_stride;
        for (ptrdiff_t j = 0; j < columns; j += W) {
            ptrdiff_t left = columns - j;
            v16 value = load_upto(word + j, left);
            if (type) value += load_upto(type + j, left);
            store_upto(to + j, value + load_upto(position + j, left), left);
        }
    }
}

KERNEL(void, lk_fill_rows, (ptrdiff_t rows, ptrdiff_t columns, const float *row, float *y, ptrdiff_t y_stride),
    (rows, columns, row, y, y_stride)) {
    for (ptrdiff_t i = 0; i < rows; i++) memcpy(y + i * y_stride, row, (size_t)columns * sizeof(float));
}

KERNEL(void, lk_column_sums, (ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, float *sums_out),
    (rows, columns, x, x_stride, sums_out)) {
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j += W)
            store_upto(
                sums_out + j, load_upto(sums_out + j, columns - j) + load_upto(x + i * x_stride + j, columns - j),
                    columns - j);
}

KERNEL(void, lk_axpy, (ptrdiff_t count, float alpha, const float *x, float *y),
    (count, alpha, x, y)) {
    for (ptrdiff_t i = 0; i < count; i += W)
        store_upto(y + i, load_upto(y + i, count - i) + splat(alpha) * load_upto(x + i, count - i), count - i);
}

KERNEL(void, lk_scale, (ptrdiff_t count, float alpha, float *x),
    (count, alpha, x)) {
    for (ptrdiff_t i = 0; i < count; i += W) store_upto(x + i, splat(alpha) * load_upto(x + i, count - i), count - i);
}

KERNEL(double, lk_squared_norm, (ptrdiff_t count, const float *x),
    (count, x)) {
    d16 total = 0;
    for (ptrdiff_t i = 0; i < count; i += W) {
        d16 value = __builtin_convertvector(load_upto(x + i, count - i), d16);
        total += value * value;
    }
    double result = 0;
    for (int i = 0; i < W; i++) result += total[i];
    return result;
}

KERNEL(void, lk_transpose, (ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, float *y,
    ptrdiff_t y_stride),
    (rows, columns, x, x_stride, y, y_stride)) {
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j++) y[j * y_stride + i] = x[i * x_stride + j];
}

KERNEL(void, lk_adamw, (
    ptrdiff_t count, float *values, const float *gradient, float *first, float *second, float rate, float beta1,
    float beta2,
    float epsilon, float decay, float correction1, float correction2),
    (count, values, gradient, first, second, rate, beta1, beta2, epsilon, decay, correction1, correction2)) {
    v16 keep = splat(1.0f - rate * decay), step = splat(rate / correction1);
    v16 root = splat(1.0f / __builtin_sqrtf(correction2));
    for (ptrdiff_t i = 0; i < count; i += W) {
        ptrdiff_t left = count - i;
        v16 g = load_upto(gradient + i, left);
        v16 m = splat(beta1) * load_upto(first + i, left) + splat(1.0f - beta1) * g;
        v16 v = splat(beta2) * load_upto(second + i, left) + splat(1.0f - beta2) * (g * g);
        v16 value = keep * load_upto(values + i, left) - step * m / (vsqrt(v) * root + splat(epsilon));
        store_upto(first + i, m, left);
        store_upto(second + i, v, left);
        store_upto(values + i, value, left);
    }
}
