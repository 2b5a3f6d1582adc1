// Matrix products of bfloat16 numbers with 32-bit float sums, and the kernels that write their operands.
//
// A bfloat16 number is the upper half of a float, rounded to nearest even. Subnormal values become zero, as the
// instructions read them; what is not finite, or would not be after rounding, becomes NaN. So the operands are equal on
// every CPU. The sums are not: CPUs add in different orders, and ARM rounds additions differently. Only additions
// round: a product of two such numbers fits into a float. So a result deviates from the exact product of the rounded
// operands by at most
//     (inputs + 2) * (2^-23 * (sum of |x * w| + |bias| + |y before|) + 2^-125)
// unless that sum overflows a float. This covers any order, rounding up or down, and subnormal results that are flushed
// to zero.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Rounded activations: rows of `stride` numbers, of which those beyond the columns are zero.
typedef struct {
    uint16_t *values;
    ptrdiff_t stride;
} lk_bf16_rows;

// The numbers that `columns` columns take in a row: whole cache lines.
ptrdiff_t lk_bf16_stride(ptrdiff_t columns);

// Each returns whether all values were finite after rounding.
bool lk_round_rows(ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const lk_bf16_rows *b);
// y = normalize(x + residual) * gamma + beta, as floats and rounded.
bool lk_layer_norm_rounded(ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride,
    const float *residual, ptrdiff_t residual_stride, const float *gamma, const float *beta, float epsilon, float *y,
    ptrdiff_t y_stride, const lk_bf16_rows *b);
// act(x + bias), rounded; as floats too unless y is NULL.
bool lk_activate_rounded(int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride,
    const float *bias, float *y, ptrdiff_t y_stride, const lk_bf16_rows *b);
void lk_widen_rows(ptrdiff_t rows, ptrdiff_t columns, const lk_bf16_rows *b, float *y, ptrdiff_t y_stride);

// A rounded weight in panels of 16 outputs, [inputs / 2][16][2], with zeros up to whole panels and cache lines. It is
// the same on every CPU.
typedef struct {
    ptrdiff_t inputs, outputs;
    uint16_t *values;
} lk_bf16_weight;

// The bytes of a packed weight, whose memory must be aligned to 64.
ptrdiff_t lk_bf16_weight_size(ptrdiff_t inputs, ptrdiff_t outputs);
// Rounds and packs w[output * output_stride + input * input_stride]. False if a weight is not finite after rounding.
bool lk_round_weight(const lk_bf16_weight *b, const float *w, ptrdiff_t output_stride, ptrdiff_t input_stride);
// The rounded weights, [outputs, inputs].
void lk_widen_weight(const lk_bf16_weight *b, float *w);

// The instructions of the products.
enum {
    LK_BF16_PORTABLE = 0,
    LK_BF16_AVX512 = 1,
    LK_BF16_AMX = 2,
    LK_BF16_NEON_DOT = 3,
    LK_BF16_LEVELS = 4,
};
bool lk_has_bf16(int level);
// The best level of this CPU.
int lk_bf16_level(void);

// y = x * w^T + bias, or is added to y. The level must be one that the CPU has.
void lk_bf16_product(int level, ptrdiff_t rows, const lk_bf16_rows *x, const lk_bf16_weight *w, const float *bias,
    bool accumulate, float *y, ptrdiff_t y_stride);

// softmax(q * k^T * scale) * v of each head, as lk_attention, with queries, keys, values and the exponentials of the
// scores rounded. The others are for CPUs that have it.
bool lk_has_bf16_attention(void);
ptrdiff_t lk_bf16_attention_scratch(ptrdiff_t tokens, ptrdiff_t size);
void lk_bf16_attention(ptrdiff_t tokens, ptrdiff_t queries, ptrdiff_t heads, ptrdiff_t size, const float *q,
    const float *k, const float *v, ptrdiff_t stride, float scale, float *y, ptrdiff_t y_stride, float *scratch);
