// The sums of a block with 256-bit registers: AVX2, and AVX-VNNI, which has an instruction for them.
#include "quantized_product.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE static inline __attribute__((always_inline, target("avx2")))

// R rows by C vectors of eight outputs. The products of `steps` steps are summed in 16 bits, which the weights allow,
// before they are widened. The weights of a step are operands from the first-level cache; a row's codes stay in
// registers.
AVX2_INLINE void avx2_tile(
    int R, int C, int steps, const lk_int8_block *b, ptrdiff_t row, const int8_t *codes, int32_t *sums) {
    __m256i acc[8];
    const __m256i ones = _mm256_set1_epi16(1);
    const uint8_t *x = b->x + row * b->x_stride;
    UNROLL_ALL for (int i = 0; i < R * C; i++)
        acc[i] = b->accumulates
            ? _mm256_load_si256((const __m256i *)(sums + i / C * BLOCK_COLUMNS + i % C * 8)) : _mm256_setzero_si256();
    for (ptrdiff_t k = 0; k < b->depth; k += 4 * steps) {
        UNROLL_ALL for (int r = 0; r < R; r++) {
            __m256i four[4];
            UNROLL_ALL for (int s = 0; s < steps; s++)
                four[s] = _mm256_set1_epi32(four_bytes(x + r * b->x_stride + k + 4 * s));
            UNROLL_ALL for (int c = 0; c < C; c++) {
                const int8_t *from = codes + c / 2 * b->panel_stride + k * PANEL + c % 2 * 32;
                __m256i pairs = _mm256_maddubs_epi16(four[0], _mm256_load_si256((const __m256i *)from));
                UNROLL_ALL for (int s = 1; s < steps; s++)
                    pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(
                        four[s], _mm256_load_si256((const __m256i *)(from + s * PANEL * 4))));
                acc[r * C + c] = _mm256_add_epi32(acc[r * C + c], _mm256_madd_epi16(pairs, ones));
            }
            // Keeps the compiler from holding the weights of all rows in registers that it does not have.
            __asm__ volatile("");
        }
    }
    UNROLL_ALL for (int i = 0; i < R * C; i++)
        _mm256_store_si256((__m256i *)(sums + i / C * BLOCK_COLUMNS + i % C * 8), acc[i]);
}

AVX2_INLINE void avx2_rows(int C, int steps, const lk_int8_block *b, const int8_t *codes, int32_t *sums) {
    ptrdiff_t row = 0;
    for (; row + 2 <= b->rows; row += 2) avx2_tile(2, C, steps, b, row, codes, sums + row * BLOCK_COLUMNS);
    if (row < b->rows) avx2_tile(1, C, steps, b, row, codes, sums + row * BLOCK_COLUMNS);
}

AVX2 static void avx2_sums(const lk_int8_block *b) {
    switch (b->steps * 4 + b->panels) {
    case 5: avx2_rows(2, 1, b, b->codes, b->sums); break;
    case 6: avx2_rows(4, 1, b, b->codes, b->sums); break;
    case 9: avx2_rows(2, 2, b, b->codes, b->sums); break;
    case 10: avx2_rows(4, 2, b, b->codes, b->sums); break;
    case 17: avx2_rows(2, 4, b, b->codes, b->sums); break;
    default: avx2_rows(4, 4, b, b->codes, b->sums); break;
    }
}

#define VNNI __attribute__((target("avx2,avxvnni")))
#define VNNI_INLINE static inline __attribute__((always_inline, target("avx2,avxvnni")))

#if defined(LK_EMULATE)
#undef VNNI
#undef VNNI_INLINE
#define VNNI AVX2
#define VNNI_INLINE AVX2_INLINE

AVX2_INLINE __m256i dot(__m256i sums, __m256i x, __m256i codes) {
    const __m256i ones = _mm256_set1_epi16(1), even = _mm256_set1_epi16(255);
    __m256i low = _mm256_maddubs_epi16(_mm256_and_si256(x, even), codes);
    __m256i high = _mm256_maddubs_epi16(_mm256_andnot_si256(even, x), codes);
    return _mm256_add_epi32(sums, _mm256_add_epi32(_mm256_madd_epi16(low, ones), _mm256_madd_epi16(high, ones)));
}
#else
VNNI_INLINE __m256i dot(__m256i sums, __m256i x, __m256i codes) { return _mm256_dpbusd_avx_epi32(sums, x, codes); }
#endif

enum { VNNI_ROWS = 6 };

VNNI_INLINE void vnni_tile(int R, const lk_int8_block *b, ptrdiff_t row, const int8_t *codes, int32_t *sums) {
    __m256i acc[VNNI_ROWS * 2];
    const uint8_t *x = b->x + row * b->x_stride;
    UNROLL_ALL for (int i = 0; i < R * 2; i++)
        acc[i] = b->accumulates
            ? _mm256_load_si256((const __m256i *)(sums + i / 2 * BLOCK_COLUMNS + i % 2 * 8)) : _mm256_setzero_si256();
    for (ptrdiff_t k = 0; k < b->depth; k += 4) {
        __m256i first = _mm256_load_si256((const __m256i *)(codes + k * PANEL));
        __m256i second = _mm256_load_si256((const __m256i *)(codes + k * PANEL + 32));
        UNROLL_ALL for (int r = 0; r < R; r++) {
            __m256i four = _mm256_set1_epi32(four_bytes(x + r * b->x_stride + k));
            acc[r * 2] = dot(acc[r * 2], four, first);
            acc[r * 2 + 1] = dot(acc[r * 2 + 1], four, second);
        }
    }
    UNROLL_ALL for (int i = 0; i < R * 2; i++)
        _mm256_store_si256((__m256i *)(sums + i / 2 * BLOCK_COLUMNS + i % 2 * 8), acc[i]);
}

// Tiles of nearly equal height, so that none is left with a row or two.
VNNI static void vnni_sums(const lk_int8_block *b) {
    ptrdiff_t tiles = (b->rows + VNNI_ROWS - 1) / VNNI_ROWS;
    for (int p = 0; p < b->panels; p++) {
        const int8_t *codes = b->codes + p * b->panel_stride;
        for (ptrdiff_t t = 0, row = 0; t < tiles; t++) {
            ptrdiff_t count = b->rows * (t + 1) / tiles - row;
            int32_t *sums = b->sums + row * BLOCK_COLUMNS + p * PANEL;
            switch (count) {
            case 1: vnni_tile(1, b, row, codes, sums); break;
            case 2: vnni_tile(2, b, row, codes, sums); break;
            case 3: vnni_tile(3, b, row, codes, sums); break;
            case 4: vnni_tile(4, b, row, codes, sums); break;
            case 5: vnni_tile(5, b, row, codes, sums); break;
            default: vnni_tile(6, b, row, codes, sums); break;
            }
            row += count;
        }
    }
}

lk_int8_sums *const lk_int8_sums_avx2 = avx2_sums, *const lk_int8_sums_avx_vnni = vnni_sums;

#else

lk_int8_sums *const lk_int8_sums_avx2 = 0, *const lk_int8_sums_avx_vnni = 0;

#endif
