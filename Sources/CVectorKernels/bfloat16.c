// Rounding to bfloat16: rows of activations, and weights packed for the products.
#include "bfloat16.h"
#include "bfloat16_product.h"

ptrdiff_t lk_bf16_stride(ptrdiff_t columns) { return (columns + 31) / 32 * 32; }

KERNEL(bool, lk_round_rows, (
    ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const lk_bf16_rows *b),
    (rows, columns, x, x_stride, b)) {
    bool finite = true;
    for (ptrdiff_t row = 0; row < rows; row++) finite &= round_row(columns, x + row * x_stride, row, b);
    return finite;
}

void lk_widen_rows(ptrdiff_t rows, ptrdiff_t columns, const lk_bf16_rows *b, float *y, ptrdiff_t y_stride) {
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j++) y[i * y_stride + j] = widened(b->values[i * b->stride + j]);
}

static ptrdiff_t padded_outputs(ptrdiff_t outputs) { return (outputs + PANEL - 1) / PANEL * PANEL; }

ptrdiff_t lk_bf16_weight_size(ptrdiff_t inputs, ptrdiff_t outputs) {
    return padded_outputs(outputs) * lk_bf16_stride(inputs) * (ptrdiff_t)sizeof(uint16_t);
}

static uint16_t *place(const lk_bf16_weight *b, ptrdiff_t output, ptrdiff_t input) {
    return b->values + output / PANEL * PANEL * lk_bf16_stride(b->inputs) + input / 2 * (PANEL * 2)
        + output % PANEL * 2 + input % 2;
}

KERNEL(bool, lk_round_weight, (
    const lk_bf16_weight *b, const float *w, ptrdiff_t output_stride, ptrdiff_t input_stride),
    (b, w, output_stride, input_stride)) {
    i16 infinite = 0;
    memset(b->values, 0, (size_t)lk_bf16_weight_size(b->inputs, b->outputs));
    for (ptrdiff_t j = 0; j < b->outputs; j++)
        for (ptrdiff_t k = 0; k < b->inputs; k += W) {
            float lanes[W] = {0};
            uint16_t values[W];
            ptrdiff_t count = b->inputs - k < W ? b->inputs - k : W;
            for (ptrdiff_t i = 0; i < count; i++) lanes[i] = w[j * output_stride + (k + i) * input_stride];
            *(h16_unaligned *)values = rounded(load(lanes), &infinite);
            for (ptrdiff_t i = 0; i < count; i++) *place(b, j, k + i) = values[i];
        }
    return !any(infinite);
}

void lk_widen_weight(const lk_bf16_weight *b, float *w) {
    for (ptrdiff_t j = 0; j < b->outputs; j++)
        for (ptrdiff_t k = 0; k < b->inputs; k++) w[j * b->inputs + k] = widened(*place(b, j, k));
}
