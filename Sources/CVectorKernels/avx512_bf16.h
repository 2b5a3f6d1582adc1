// Registers of 512 bits and the instructions of AVX-512 BF16 on them.
#pragma once

#include "bfloat16.h"
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
TILE_INLINE v16 floats_of(wide w) { return load(w.lanes); }
// Sixteen numbers and sixteen more.
TILE_INLINE operand round_operand(v16 low, v16 high) {
    operand w;
    i16 infinite = 0;
    h16 halves[2] = {rounded(low, &infinite), rounded(high, &infinite)};
    memcpy(&w, halves, 64);
    return w;
}
// Each of the first sixteen numbers, followed by its counterpart of the others.
TILE_INLINE operand interleave_operand(operand x) {
    operand w;
    for (int i = 0; i < 32; i++) w.lanes[i] = x.lanes[i / 2 + i % 2 * 16];
    return w;
}
TILE_INLINE operand load_pairs(const float *p) { operand w; memcpy(&w, p, 64); return w; }
TILE_INLINE void store_pairs(float *p, operand w) { memcpy(p, &w, 64); }
// What x exceeds a whole number by, and y * 2^(that number).
TILE_INLINE v16 fraction(v16 x) {
    v16 least = vmax(splat(-126.0f), x);
    return least - __builtin_elementwise_floor(least);
}
TILE_INLINE v16 scaled_by_power(v16 y, v16 x) {
    i16 whole = __builtin_convertvector(__builtin_elementwise_floor(vmax(splat(-126.0f), x)), i16);
    return floats(bits(y) + (whole << 23));
}
#else
#define BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#define TILE_INLINE static inline __attribute__((always_inline)) BF16

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
TILE_INLINE v16 floats_of(wide w) { return (v16)w; }
// Sixteen numbers and sixteen more.
TILE_INLINE operand round_operand(v16 low, v16 high) {
    return (operand)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}
// Each of the first sixteen numbers, followed by its counterpart of the others.
TILE_INLINE operand interleave_operand(operand x) {
    typedef uint16_t h32 __attribute__((ext_vector_type(32)));
    return (operand)__builtin_shufflevector((h32)x, (h32)x, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8,
        24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
TILE_INLINE operand load_pairs(const float *p) { return _mm512_loadu_si512(p); }
TILE_INLINE void store_pairs(float *p, operand w) { _mm512_storeu_si512(p, w); }
// What x exceeds a whole number by, and y * 2^(that number).
TILE_INLINE v16 fraction(v16 x) { return (v16)_mm512_reduce_ps((__m512)x, _MM_FROUND_TO_NEG_INF); }
TILE_INLINE v16 scaled_by_power(v16 y, v16 x) { return (v16)_mm512_scalef_ps((__m512)y, (__m512)x); }
#endif

#endif
