// The sums of a block with 512-bit registers, by AVX-512 BF16.
#include "bfloat16_product.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(LK_EMULATE)
// Plain numbers, so that the blocks are tried where the instructions do not exist.
#define TILE_INLINE static inline __attribute__((always_inline, target("avx2,fma")))
#define BF16 __attribute__((target("avx2,fma")))

typedef struct {
    float lanes[16];
} wide;
typedef struct {
    uint16_t lanes[32];
} operand;

TILE_INLINE wide load_wide(const float *p) { wide w; memcpy(&w, p, 64); return w; }
TILE_INLINE void store_wide(float *p, wide w) { memcpy(p, &w, 64); }
TILE_INLINE wide zero_wide(void) { return (wide){{0}}; }
TILE_INLINE operand load_operand(const uint16_t *p) { operand w; memcpy(&w, p, 64); return w; }
TILE_INLINE operand splat_operand(int32_t two) {
    operand w;
    for (int i = 0; i < 32; i += 2) memcpy(w.lanes + i, &two, 4);
    return w;
}
// The odd number of a pair comes first.
TILE_INLINE wide dot(wide sums, operand x, operand weights) {
    for (int i = 0; i < 32; i++) {
        int k = i ^ 1;
        sums.lanes[i / 2] = emulated_fma(widened(x.lanes[k]), widened(weights.lanes[k]), sums.lanes[i / 2]);
    }
    return sums;
}
#else
#define BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#define TILE_INLINE static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512vl,avx512bf16")))

typedef __m512 wide;
typedef __m512i operand;
TILE_INLINE wide load_wide(const float *p) { return _mm512_load_ps(p); }
TILE_INLINE void store_wide(float *p, wide w) { _mm512_store_ps(p, w); }
TILE_INLINE wide zero_wide(void) { return _mm512_setzero_ps(); }
TILE_INLINE operand load_operand(const uint16_t *p) { return _mm512_load_si512(p); }
TILE_INLINE operand splat_operand(int32_t two) { return _mm512_set1_epi32(two); }
TILE_INLINE wide dot(wide sums, operand x, operand weights) {
    return _mm512_dpbf16_ps(sums, (__m512bh)x, (__m512bh)weights);
}
#endif

typedef lk_bf16_block tile_block;
typedef uint16_t tile_input;
typedef float tile_sum;
enum { TILE_STEP = 2 };
TILE_INLINE const uint16_t *tile_weights(const tile_block *b) { return b->weights; }

#include "avx512_tiles.h"

BF16 static void bf16_sums(const lk_bf16_block *b) { all_tiles(b); }

lk_bf16_sums *const lk_bf16_sums_avx512 = bf16_sums;

#else

lk_bf16_sums *const lk_bf16_sums_avx512 = 0;

#endif
