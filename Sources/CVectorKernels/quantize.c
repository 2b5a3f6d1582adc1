#include "quantize.h"

ptrdiff_t lk_quantized_stride(ptrdiff_t columns) { return (columns + 63) / 64 * 64; }

KERNEL(bool, lk_quantize_rows, (
    ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const lk_quantized_rows *q),
    (rows, columns, x, x_stride, q)) {
    bool finite = true;
    for (ptrdiff_t row = 0; row < rows; row++) finite &= quantize_row(columns, x + row * x_stride, row, q);
    return finite;
}

void lk_dequantize_rows(
    ptrdiff_t rows, ptrdiff_t columns, const lk_quantized_rows *q, float *y, ptrdiff_t y_stride) {
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j++)
            y[i * y_stride + j] = (float)(q->codes[i * q->stride + j] - q->zeros[i]) * q->scales[i];
}

KERNEL(bool, lk_quantize_table, (ptrdiff_t rows, ptrdiff_t columns, const float *x, int8_t *codes, float *scales),
    (rows, columns, x, codes, scales)) {
    bool finite = true;
    for (ptrdiff_t i = 0; i < rows; i++, x += columns, codes += columns) {
        v16 largest = 0, poison = 0;
        for (ptrdiff_t j = 0; j < columns; j += W) {
            v16 value = load_upto(x + j, columns - j);
            largest = vmax(vabs(value), largest);
            poison += value * splat(0.0f);
        }
        v16 all[W] = {largest};
        float top = reduce(1, true, all)[0];
        bool is_finite = sum(poison) == 0;
        bool is_zero = !is_finite || top < smallest_range;
        float inverse = is_zero ? 0 : 127.0f / top;
        scales[i] = is_finite ? (is_zero ? 0 : top / 127.0f) : __builtin_nanf("");
        finite &= is_finite;
        for (ptrdiff_t j = 0; j < columns; j++)
            codes[j] = is_zero ? 0 : (int8_t)(int32_t)__builtin_rintf(x[j] * inverse);
    }
    return finite;
}

typedef int8_t s16 __attribute__((ext_vector_type(16)));
typedef int8_t s16_unaligned __attribute__((ext_vector_type(16), aligned(1)));

INLINE v16 codes_upto(const int8_t *p, ptrdiff_t count) {
    if (count >= W) return __builtin_convertvector((s16)*(const s16_unaligned *)p, v16);
    int8_t lanes[W] = {0};
    for (ptrdiff_t i = 0; i < count; i++) lanes[i] = p[i];
    return __builtin_convertvector((s16)*(const s16_unaligned *)lanes, v16);
}

KERNEL(void, lk_embed_quantized, (
    ptrdiff_t tokens, ptrdiff_t columns, const int32_t *ids, const int8_t *codes, const float *scales,
    const float *positions, const float *type, float *y, ptrdiff_t y_stride),
    (tokens, columns, ids, codes, scales, positions, type, y, y_stride)) {
#pragma clang fp contract(off)
    for (ptrdiff_t i = 0; i < tokens; i++) {
        const int8_t *word = codes + (ptrdiff_t)ids[i] * columns;
        const float *position = positions + i * columns;
        float *to = y + i * y_stride;
        v16 scale = splat(scales[ids[i]]);
        for (ptrdiff_t j = 0; j < columns; j += W) {
            ptrdiff_t left = columns - j;
            v16 value = codes_upto(word + j, left) * scale;
            if (type) value += load_upto(type + j, left);
            store_upto(to + j, value + load_upto(position + j, left), left);
        }
    }
}
