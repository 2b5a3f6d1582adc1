// The sums of a block with 512-bit registers, by AVX-512 BF16.
#include "bfloat16_product.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(LK_EMULATE)
// Plain numbers, so that the blocks are tried where the instructions do not exist.
#define BF16_INLINE static inline __attribute__((always_inline, target("avx2,fma")))
#define BF16 __attribute__((target("avx2,fma")))

typedef struct {
    float lanes[16];
} wide;
typedef struct {
    uint16_t lanes[32];
} pairs;

BF16_INLINE wide load_wide(const float *p) { wide w; memcpy(&w, p, 64); return w; }
BF16_INLINE void store_wide(float *p, wide w) { memcpy(p, &w, 64); }
BF16_INLINE wide zero_wide(void) { return (wide){{0}}; }
BF16_INLINE pairs load_pairs(const uint16_t *p) { pairs w; memcpy(&w, p, 64); return w; }
BF16_INLINE pairs splat_pair(int32_t two) {
    pairs w;
    for (int i = 0; i < 32; i += 2) memcpy(w.lanes + i, &two, 4);
    return w;
}
// The odd number of a pair comes first.
BF16_INLINE wide dot(wide sums, pairs x, pairs weights) {
    for (int i = 0; i < 32; i++) {
        int k = i ^ 1;
        sums.lanes[i / 2] = emulated_fma(widened(x.lanes[k]), widened(weights.lanes[k]), sums.lanes[i / 2]);
    }
    return sums;
}
#else
#define BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#define BF16_INLINE static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512vl,avx512bf16")))

typedef __m512 wide;
typedef __m512i pairs;
BF16_INLINE wide load_wide(const float *p) { return _mm512_load_ps(p); }
BF16_INLINE void store_wide(float *p, wide w) { _mm512_store_ps(p, w); }
BF16_INLINE wide zero_wide(void) { return _mm512_setzero_ps(); }
BF16_INLINE pairs load_pairs(const uint16_t *p) { return _mm512_load_si512(p); }
BF16_INLINE pairs splat_pair(int32_t two) { return _mm512_set1_epi32(two); }
BF16_INLINE wide dot(wide sums, pairs x, pairs weights) {
    return _mm512_dpbf16_ps(sums, (__m512bh)x, (__m512bh)weights);
}
#endif

// With two panels, 22 registers hold sums. A block of 32 rows is three tiles.
enum { TILE_ROWS = 11 };

BF16_INLINE void tile(int R, int C, const lk_bf16_block *b, ptrdiff_t row) {
    wide acc[TILE_ROWS * 2];
    const uint16_t *x = b->x + row * b->x_stride;
    float *sums = b->sums + row * BLOCK_COLUMNS;
    UNROLL_ALL for (int i = 0; i < R * C; i++)
        acc[i] = b->accumulates ? load_wide(sums + i / C * BLOCK_COLUMNS + i % C * PANEL) : zero_wide();
    for (ptrdiff_t k = 0; k < b->depth; k += 2) {
        pairs weights[2];
        UNROLL_ALL for (int c = 0; c < C; c++) weights[c] = load_pairs(b->weights + c * b->panel_stride + k * PANEL);
        UNROLL_ALL for (int r = 0; r < R; r++) {
            pairs two = splat_pair(two_values(x + r * b->x_stride + k));
            UNROLL_ALL for (int c = 0; c < C; c++) acc[r * C + c] = dot(acc[r * C + c], two, weights[c]);
        }
    }
    UNROLL_ALL for (int i = 0; i < R * C; i++) store_wide(sums + i / C * BLOCK_COLUMNS + i % C * PANEL, acc[i]);
}

// Tiles of nearly equal height, so that none is left with a row or two.
BF16_INLINE void tiles(int C, const lk_bf16_block *b) {
    ptrdiff_t count = (b->rows + TILE_ROWS - 1) / TILE_ROWS;
    for (ptrdiff_t t = 0, row = 0; t < count; t++) {
        ptrdiff_t rows = b->rows * (t + 1) / count - row;
        switch (rows) {
        case 1: tile(1, C, b, row); break;
        case 2: tile(2, C, b, row); break;
        case 3: tile(3, C, b, row); break;
        case 4: tile(4, C, b, row); break;
        case 5: tile(5, C, b, row); break;
        case 6: tile(6, C, b, row); break;
        case 7: tile(7, C, b, row); break;
        case 8: tile(8, C, b, row); break;
        case 9: tile(9, C, b, row); break;
        case 10: tile(10, C, b, row); break;
        default: tile(11, C, b, row); break;
        }
        row += rows;
    }
}

BF16 static void bf16_sums(const lk_bf16_block *b) {
    if (b->panels == 2) tiles(2, b);
    else tiles(1, b);
}

lk_bf16_sums *const lk_bf16_sums_avx512 = bf16_sums;

#else

lk_bf16_sums *const lk_bf16_sums_avx512 = 0;

#endif
