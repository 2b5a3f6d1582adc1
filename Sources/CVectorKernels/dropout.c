#include "dropout.h"

KERNEL(void, lk_dropout, (
    ptrdiff_t rows, ptrdiff_t columns, float rate, uint64_t key, const float *x, ptrdiff_t x_stride, float *y,
    ptrdiff_t y_stride, bool accumulate),
    (rows, columns, rate, key, x, x_stride, y, y_stride, accumulate)) {
    uint32_t threshold = dropout_threshold(rate);
    float kept_scale = 1.0f / (1.0f - rate);
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j += W) {
            ptrdiff_t left = columns - j;
            v16 value = dropped(load_upto(x + i * x_stride + j, left), threshold, kept_scale, key, i * columns + j);
            if (accumulate) value += load_upto(y + i * y_stride + j, left);
            store_upto(y + i * y_stride + j, value, left);
        }
}

KERNEL(void, lk_dropout_at, (ptrdiff_t count, float rate, uint64_t key, ptrdiff_t first, const float *x, float *y),
    (count, rate, key, first, x, y)) {
    uint32_t threshold = dropout_threshold(rate);
    float kept_scale = 1.0f / (1.0f - rate);
    for (ptrdiff_t i = 0; i < count; i += W)
        store_upto(y + i, dropped(load_upto(x + i, count - i), threshold, kept_scale, key, first + i), count - i);
}
