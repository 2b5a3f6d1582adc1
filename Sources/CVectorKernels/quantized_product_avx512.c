// The sums of a block with 512-bit registers, by AVX-512 VNNI.
#include "quantized_product.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(LK_EMULATE)
// Two registers of AVX2 and plain numbers, so that the blocks are tried where the instructions do not exist.
#define VNNI_INLINE static inline __attribute__((always_inline, target("avx2")))
#define VNNI __attribute__((target("avx2")))

typedef struct {
    int32_t lanes[16];
} wide;

VNNI_INLINE wide load_wide(const void *p) { wide w; memcpy(&w, p, 64); return w; }
VNNI_INLINE void store_wide(void *p, wide w) { memcpy(p, &w, 64); }
VNNI_INLINE wide splat_wide(int32_t x) { wide w; for (int i = 0; i < 16; i++) w.lanes[i] = x; return w; }
VNNI_INLINE wide dot(wide sums, wide x, wide codes) {
    uint8_t left[64];
    int8_t right[64];
    memcpy(left, &x, 64), memcpy(right, &codes, 64);
    for (int i = 0; i < 64; i++) sums.lanes[i / 4] += left[i] * right[i];
    return sums;
}
#else
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define VNNI_INLINE static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512vl,avx512vnni")))

typedef __m512i wide;
VNNI_INLINE wide load_wide(const void *p) { return _mm512_load_si512(p); }
VNNI_INLINE void store_wide(void *p, wide w) { _mm512_store_si512(p, w); }
VNNI_INLINE wide splat_wide(int32_t x) { return _mm512_set1_epi32(x); }
VNNI_INLINE wide dot(wide sums, wide x, wide codes) { return _mm512_dpbusd_epi32(sums, x, codes); }
#endif

// With two panels, 22 registers hold sums. A block of 32 rows is three tiles.
enum { TILE_ROWS = 11 };

VNNI_INLINE void tile(int R, int C, const lk_int8_block *b, ptrdiff_t row) {
    wide acc[TILE_ROWS * 2];
    const uint8_t *x = b->x + row * b->x_stride;
    int32_t *sums = b->sums + row * BLOCK_COLUMNS;
    UNROLL_ALL for (int i = 0; i < R * C; i++)
        acc[i] = b->accumulates ? load_wide(sums + i / C * BLOCK_COLUMNS + i % C * PANEL) : splat_wide(0);
    for (ptrdiff_t k = 0; k < b->depth; k += 4) {
        wide codes[2];
        UNROLL_ALL for (int c = 0; c < C; c++) codes[c] = load_wide(b->codes + c * b->panel_stride + k * PANEL);
        UNROLL_ALL for (int r = 0; r < R; r++) {
            wide four = splat_wide(four_codes(x + r * b->x_stride + k));
            UNROLL_ALL for (int c = 0; c < C; c++) acc[r * C + c] = dot(acc[r * C + c], four, codes[c]);
        }
    }
    UNROLL_ALL for (int i = 0; i < R * C; i++) store_wide(sums + i / C * BLOCK_COLUMNS + i % C * PANEL, acc[i]);
}

// Tiles of nearly equal height, so that none is left with a row or two.
VNNI_INLINE void tiles(int C, const lk_int8_block *b) {
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

VNNI static void vnni_sums(const lk_int8_block *b) {
    if (b->panels == 2) tiles(2, b);
    else tiles(1, b);
}

lk_int8_sums *const lk_int8_sums_avx512_vnni = vnni_sums;

#else

lk_int8_sums *const lk_int8_sums_avx512_vnni = 0;

#endif
