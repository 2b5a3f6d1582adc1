// The sums of a block on AArch64 with the dot product instruction for bfloat16. `bfmmla` does twice as much, but takes
// two rows, and two outputs, in one register: that is another layout than that of all other CPUs.
#include "bfloat16_product.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define DOT __attribute__((target("bf16")))
#define DOT_INLINE static inline __attribute__((always_inline, target("bf16")))

DOT_INLINE bfloat16x8_t load_pairs(const uint16_t *p) { return vreinterpretq_bf16_u16(vld1q_u16(p)); }

// R rows by one panel, 8 inputs at a time.
DOT_INLINE void tile(int R, const lk_bf16_block *b, ptrdiff_t row, const uint16_t *weights, float *sums) {
    float32x4_t acc[4 * 4];
    const uint16_t *x = b->x + row * b->x_stride;
    UNROLL_ALL for (int i = 0; i < R * 4; i++)
        acc[i] = b->accumulates ? vld1q_f32(sums + i / 4 * BLOCK_COLUMNS + i % 4 * 4) : vdupq_n_f32(0);
    for (ptrdiff_t k = 0; k < b->depth; k += 8) {
        bfloat16x8_t left[4];
        UNROLL_ALL for (int r = 0; r < R; r++) left[r] = load_pairs(x + r * b->x_stride + k);
        const uint16_t *from = weights + k * PANEL;
        UNROLL_ALL for (int c = 0; c < 4; c++) {
            bfloat16x8_t w0 = load_pairs(from + c * 8), w1 = load_pairs(from + 32 + c * 8);
            bfloat16x8_t w2 = load_pairs(from + 64 + c * 8), w3 = load_pairs(from + 96 + c * 8);
            UNROLL_ALL for (int r = 0; r < R; r++) {
                float32x4_t sum = vbfdotq_laneq_f32(acc[r * 4 + c], w0, left[r], 0);
                sum = vbfdotq_laneq_f32(sum, w1, left[r], 1);
                sum = vbfdotq_laneq_f32(sum, w2, left[r], 2);
                acc[r * 4 + c] = vbfdotq_laneq_f32(sum, w3, left[r], 3);
            }
        }
    }
    UNROLL_ALL for (int i = 0; i < R * 4; i++) vst1q_f32(sums + i / 4 * BLOCK_COLUMNS + i % 4 * 4, acc[i]);
}

DOT static void bf16_sums(const lk_bf16_block *b) {
    for (int p = 0; p < b->panels; p++) {
        const uint16_t *weights = b->weights + p * b->panel_stride;
        float *sums = b->sums + p * PANEL;
        ptrdiff_t row = 0;
        for (; row + 4 <= b->rows; row += 4) tile(4, b, row, weights, sums + row * BLOCK_COLUMNS);
        switch (b->rows - row) {
        case 1: tile(1, b, row, weights, sums + row * BLOCK_COLUMNS); break;
        case 2: tile(2, b, row, weights, sums + row * BLOCK_COLUMNS); break;
        case 3: tile(3, b, row, weights, sums + row * BLOCK_COLUMNS); break;
        default: break;
        }
    }
}

lk_bf16_sums *const lk_bf16_sums_neon_dot = bf16_sums;

#else

lk_bf16_sums *const lk_bf16_sums_neon_dot = 0;

#endif
