#pragma once

#include "bfloat16_kernels.h"
#include "product_block.h"

// What the sums of a block are computed from.
typedef struct {
    ptrdiff_t rows;           // 1...BLOCK_ROWS
    int panels;               // 1 or 2
    ptrdiff_t depth;          // numbers per row and per output, a multiple of 32
    const uint16_t *x;        // [rows], `x_stride` apart
    ptrdiff_t x_stride;
    const uint16_t *weights;  // [panels][depth / 2][PANEL][2], the panels `panel_stride` apart
    ptrdiff_t panel_stride;
    float *sums;              // [rows][BLOCK_COLUMNS]
    bool accumulates;         // whether to add to the sums
} lk_bf16_block;

// One function per level. NULL where the level was not compiled. The sum of a row and an output is formed in the same
// order whatever the other rows of the block are.
typedef void lk_bf16_sums(const lk_bf16_block *b);
extern lk_bf16_sums *const lk_bf16_sums_avx512, *const lk_bf16_sums_amx, *const lk_bf16_sums_neon_dot;
void lk_bf16_sums_portable(const lk_bf16_block *b);

static inline __attribute__((always_inline)) float widened(uint16_t x) {
    uint32_t bits = (uint32_t)x << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

#if defined(LK_EMULATE)
// The x86-64 instructions flush subnormal results to zero, whatever the thread has set.
static inline float flushed(float x) { return __builtin_fabsf(x) < 0x1p-126f ? 0 : x; }
static inline float emulated_fma(float a, float b, float c) { return flushed(__builtin_fmaf(a, b, c)); }
#endif
