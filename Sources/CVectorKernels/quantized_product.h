#pragma once

#include "product_block.h"
#include "quantized_kernels.h"

enum { MOST_INPUTS = 16384 };

// NEON multiplies signed bytes: its sums are of the codes less this, which the zero point of a row makes good.
enum { NEON_OFFSET = 128 };

// What the sums of a block become:
// y = (sum - (zero - offset) * sum of codes) * (scale of the row * scale of the output) + bias.
// Each operation rounds on every level alike, so nothing may be fused.
typedef struct {
    const float *row_scales;      // one per row
    const int32_t *zeros;
    const float *scales;          // one per output, in whole panels
    const int32_t *code_sums;
    const float *bias;            // or NULL
    bool accumulates;             // whether to add to y
    float *y;
    ptrdiff_t y_stride;
} lk_int8_outputs;

// What the sums of a block are computed from.
typedef struct {
    ptrdiff_t rows;             // 1...BLOCK_ROWS
    int panels;                 // 1 or 2
    int steps;                  // that may be summed in 16 bits
    ptrdiff_t depth;            // codes per row and per output, a multiple of 64
    const uint8_t *x;           // [rows], `x_stride` apart
    ptrdiff_t x_stride;
    const int8_t *codes;        // [panels][depth / 4][PANEL][4], the panels `panel_stride` apart
    ptrdiff_t panel_stride;
    int32_t *sums;              // [rows][BLOCK_COLUMNS]
    bool accumulates;           // whether to add to the sums
    const lk_int8_outputs *outputs;  // of whole panels, which AVX-512 VNNI writes in place of the sums; or NULL
} lk_int8_block;

// One function per level, all with the same result. NULL where the level was not compiled.
typedef void lk_int8_sums(const lk_int8_block *b);
extern lk_int8_sums *const lk_int8_sums_avx2, *const lk_int8_sums_avx_vnni, *const lk_int8_sums_avx512_vnni,
    *const lk_int8_sums_amx, *const lk_int8_sums_neon, *const lk_int8_sums_neon_dot;
void lk_int8_sums_portable(const lk_int8_block *b);
