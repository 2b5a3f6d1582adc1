// Matrix products of 8-bit integers with 32-bit sums, and the kernels that write their operands.
//
// An activation row is quantized when it is written: code = round(x / scale) + zero, 0...255, with a scale and a zero
// point of its own. A weight is quantized once: code = round(w / scale), -127...127, with a scale per output. The sums
// are integers, so they are equal on every CPU; the floats around them are computed without fused operations, so that
// results are equal too.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Quantized activations: rows of `stride` codes, of which those beyond the columns are zero.
typedef struct {
    uint8_t *codes;
    ptrdiff_t stride;
    float *scales;   // one per row; NaN for a row with a value that is not finite
    int32_t *zeros;  // the code of 0, one per row
} lk_quantized_rows;

// The number of codes that `columns` columns take in a row: whole cache lines.
ptrdiff_t lk_quantized_stride(ptrdiff_t columns);

// Each returns whether all values were finite.
bool lk_quantize_rows(ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride,
    const lk_quantized_rows *q);
// y = normalize(x + residual) * gamma + beta, as floats and quantized.
bool lk_layer_norm_quantized(ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride,
    const float *residual, ptrdiff_t residual_stride, const float *gamma, const float *beta, float epsilon, float *y,
    ptrdiff_t y_stride, const lk_quantized_rows *q);
// act(x + bias), quantized; as floats too unless y is NULL.
bool lk_activate_quantized(int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride,
    const float *bias, float *y, ptrdiff_t y_stride, const lk_quantized_rows *q);
void lk_dequantize_rows(ptrdiff_t rows, ptrdiff_t columns, const lk_quantized_rows *q, float *y, ptrdiff_t y_stride);

// A quantized weight in panels of 16 outputs, [inputs / 4][16][4]. It is the same on every CPU.
typedef struct {
    ptrdiff_t inputs, outputs;
    int8_t *codes;
    float *scales;   // one per output, padded to whole panels
    int32_t *sums;   // of the codes of each output
    uint8_t *steps;  // per panel: how many steps of four inputs may be summed in 16 bits, 1, 2 or 4
} lk_quantized_weight;

// A weight lies in one block of lk_quantized_weight_size() bytes, aligned to 64.
ptrdiff_t lk_quantized_weight_size(ptrdiff_t inputs, ptrdiff_t outputs);
lk_quantized_weight lk_quantized_weight_at(ptrdiff_t inputs, ptrdiff_t outputs, void *memory);
// Quantizes and packs w[outputs, inputs] so that `steps` steps may be summed in 16 bits. False if a weight is not
// finite.
bool lk_quantize_weight(const lk_quantized_weight *q, const float *w, int steps);
// The weights that the codes stand for, [outputs, inputs].
void lk_dequantize_weight(const lk_quantized_weight *q, float *w);
// Whether the sums and steps are those of the codes and the scales are numbers, as after reading a weight from a file.
bool lk_quantized_weight_is_valid(const lk_quantized_weight *q);

// The instructions of the products.
enum {
    LK_INT8_PORTABLE = 0,
    LK_INT8_AVX2 = 1,
    LK_INT8_AVX_VNNI = 2,
    LK_INT8_AVX512_VNNI = 3,
    LK_INT8_AMX = 4,
    LK_INT8_NEON = 5,
    LK_INT8_NEON_DOT = 6,
    LK_INT8_LEVELS = 7,
};
bool lk_has_int8(int level);
// The best level of this CPU.
int lk_int8_level(void);

// y = x * w^T + bias, or is added to y. The level must be one that the CPU has.
void lk_quantized_product(int level, ptrdiff_t rows, const lk_quantized_rows *x, const lk_quantized_weight *w,
    const float *bias, bool accumulate, float *y, ptrdiff_t y_stride);

// Runs the instructions of a product of this level, with all operands in registers. Returns the number of operations
// (two per multiply-add); 0 if that is not known for the level. The level must be one that the CPU has.
double lk_int8_mix(int level, int64_t rounds);

// An embedding table of 8-bit rows, each with a scale: row = code * scale.
bool lk_quantize_table(ptrdiff_t rows, ptrdiff_t columns, const float *x, int8_t *codes, float *scales);
// y[i] = words[ids[i]] + positions[i] + type; every id must be within the table.
void lk_embed_quantized(ptrdiff_t tokens, ptrdiff_t columns, const int32_t *ids, const int8_t *codes,
    const float *scales, const float *positions, const float *type, float *y, ptrdiff_t y_stride);
