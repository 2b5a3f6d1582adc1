// The sums of a block with 512-bit registers, by AVX-512 VNNI.
#include "quantized_product.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(LK_EMULATE)
// Two registers of AVX2 and plain numbers, so that the blocks are tried where the instructions do not exist.
#define TILE_INLINE static inline __attribute__((always_inline, target("avx2")))
#define VNNI __attribute__((target("avx2")))

typedef struct {
    int32_t lanes[16];
} wide, operand;

TILE_INLINE wide zero_wide(void) { return (wide){{0}}; }
TILE_INLINE wide load_wide(const void *p) { wide w; memcpy(&w, p, 64); return w; }
TILE_INLINE void store_wide(void *p, wide w) { memcpy(p, &w, 64); }
TILE_INLINE operand splat_operand(int32_t x) { operand w; for (int i = 0; i < 16; i++) w.lanes[i] = x; return w; }
TILE_INLINE wide dot(wide sums, operand x, operand codes) {
    uint8_t left[64];
    int8_t right[64];
    memcpy(left, &x, 64), memcpy(right, &codes, 64);
    for (int i = 0; i < 64; i++) sums.lanes[i / 4] += left[i] * right[i];
    return sums;
}
#else
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define TILE_INLINE static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512vl,avx512vnni")))

typedef __m512i wide, operand;
TILE_INLINE wide zero_wide(void) { return _mm512_setzero_si512(); }
TILE_INLINE wide load_wide(const void *p) { return _mm512_load_si512(p); }
TILE_INLINE void store_wide(void *p, wide w) { _mm512_store_si512(p, w); }
TILE_INLINE operand splat_operand(int32_t x) { return _mm512_set1_epi32(x); }
TILE_INLINE wide dot(wide sums, operand x, operand codes) { return _mm512_dpbusd_epi32(sums, x, codes); }
#endif

typedef lk_int8_block tile_block;
typedef uint8_t tile_input;
typedef int32_t tile_sum;
enum { TILE_STEP = 4 };
TILE_INLINE const int8_t *tile_weights(const tile_block *b) { return b->codes; }
TILE_INLINE operand load_operand(const int8_t *p) { return load_wide(p); }

#include "avx512_tiles.h"

VNNI static void vnni_sums(const lk_int8_block *b) { all_tiles(b); }

lk_int8_sums *const lk_int8_sums_avx512_vnni = vnni_sums;

#else

lk_int8_sums *const lk_int8_sums_avx512_vnni = 0;

#endif
