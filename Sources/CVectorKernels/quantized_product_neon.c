// The sums of a block on AArch64: with the dot product instruction, or with plain NEON. Both multiply signed bytes, so
// the sums are those of the activations' codes less NEON_OFFSET.
#include "quantized_product.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define NEON_INLINE static inline __attribute__((always_inline))
#define DOT __attribute__((target("dotprod")))
#define DOT_INLINE static inline __attribute__((always_inline, target("dotprod")))

// R rows by one panel, 16 inputs at a time.
DOT_INLINE void dot_tile(int R, const lk_int8_block *b, ptrdiff_t row, const int8_t *codes, int32_t *sums) {
    int32x4_t acc[4 * 4];
    const uint8_t *x = b->x + row * b->x_stride;
    UNROLL_ALL for (int i = 0; i < R * 4; i++)
        acc[i] = b->accumulates ? vld1q_s32(sums + i / 4 * BLOCK_COLUMNS + i % 4 * 4) : vdupq_n_s32(0);
    for (ptrdiff_t k = 0; k < b->depth; k += 16) {
        int8x16_t left[4];
        UNROLL_ALL for (int r = 0; r < R; r++)
            left[r] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(x + r * b->x_stride + k), vdupq_n_u8(NEON_OFFSET)));
        const int8_t *from = codes + k * PANEL;
        UNROLL_ALL for (int c = 0; c < 4; c++) {
            int8x16_t w0 = vld1q_s8(from + c * 16), w1 = vld1q_s8(from + 64 + c * 16);
            int8x16_t w2 = vld1q_s8(from + 128 + c * 16), w3 = vld1q_s8(from + 192 + c * 16);
            UNROLL_ALL for (int r = 0; r < R; r++) {
                int32x4_t sum = vdotq_laneq_s32(acc[r * 4 + c], w0, left[r], 0);
                sum = vdotq_laneq_s32(sum, w1, left[r], 1);
                sum = vdotq_laneq_s32(sum, w2, left[r], 2);
                acc[r * 4 + c] = vdotq_laneq_s32(sum, w3, left[r], 3);
            }
        }
    }
    UNROLL_ALL for (int i = 0; i < R * 4; i++) vst1q_s32(sums + i / 4 * BLOCK_COLUMNS + i % 4 * 4, acc[i]);
}

DOT static void dot_sums(const lk_int8_block *b) {
    for (int p = 0; p < b->panels; p++) {
        const int8_t *codes = b->codes + p * b->panel_stride;
        int32_t *sums = b->sums + p * PANEL;
        ptrdiff_t row = 0;
        for (; row + 4 <= b->rows; row += 4) dot_tile(4, b, row, codes, sums + row * BLOCK_COLUMNS);
        switch (b->rows - row) {
        case 1: dot_tile(1, b, row, codes, sums + row * BLOCK_COLUMNS); break;
        case 2: dot_tile(2, b, row, codes, sums + row * BLOCK_COLUMNS); break;
        case 3: dot_tile(3, b, row, codes, sums + row * BLOCK_COLUMNS); break;
        default: break;
        }
    }
}

// One row by one panel. The products of `steps` steps are summed in 16 bits: what may be summed for codes of 0...255
// may be for those of -128...127.
NEON_INLINE void neon_row(int steps, const lk_int8_block *b, ptrdiff_t row, const int8_t *codes, int32_t *sums) {
    int32x4_t acc[4];
    const uint8_t *x = b->x + row * b->x_stride;
    UNROLL_ALL for (int c = 0; c < 4; c++) acc[c] = b->accumulates ? vld1q_s32(sums + c * 4) : vdupq_n_s32(0);
    for (ptrdiff_t k = 0; k < b->depth; k += 4 * steps) {
        int8x8_t four[4];
        UNROLL_ALL for (int s = 0; s < steps; s++)
            four[s] = veor_s8(vreinterpret_s8_s32(vdup_n_s32(four_bytes(x + k + 4 * s))), vdup_n_s8(-NEON_OFFSET));
        UNROLL_ALL for (int c = 0; c < 4; c++) {
            const int8_t *from = codes + k * PANEL + c * 16;
            int16x8_t low = vmull_s8(vld1_s8(from), four[0]), high = vmull_s8(vld1_s8(from + 8), four[0]);
            UNROLL_ALL for (int s = 1; s < steps; s++) {
                low = vmlal_s8(low, vld1_s8(from + s * PANEL * 4), four[s]);
                high = vmlal_s8(high, vld1_s8(from + s * PANEL * 4 + 8), four[s]);
            }
            acc[c] = vaddq_s32(acc[c], vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
        }
    }
    UNROLL_ALL for (int c = 0; c < 4; c++) vst1q_s32(sums + c * 4, acc[c]);
}

static void neon_sums(const lk_int8_block *b) {
    for (int p = 0; p < b->panels; p++) {
        const int8_t *codes = b->codes + p * b->panel_stride;
        for (ptrdiff_t row = 0; row < b->rows; row++) {
            int32_t *sums = b->sums + row * BLOCK_COLUMNS + p * PANEL;
            switch (b->steps) {
            case 1: neon_row(1, b, row, codes, sums); break;
            case 2: neon_row(2, b, row, codes, sums); break;
            default: neon_row(4, b, row, codes, sums); break;
            }
        }
    }
}

lk_int8_sums *const lk_int8_sums_neon = neon_sums, *const lk_int8_sums_neon_dot = dot_sums;

#else

lk_int8_sums *const lk_int8_sums_neon = 0, *const lk_int8_sums_neon_dot = 0;

#endif
