// The instructions of an integer product alone: all operands are in registers, and nothing is loaded or stored. What
// this reaches is the most that a product of this level could reach.
#include "quantized_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

enum { TILE = 8, STEPS = 4 };

// Keeps the compiler from computing the same product once for all rounds.
#define OPAQUE(vector) __asm__ volatile("" : "+x"(vector))

// As the tile of quantized_product_avx.c, with products of four steps summed in 16 bits.
__attribute__((target("avx2"))) static double avx2_mix(int64_t rounds) {
    __m256i acc[TILE], x = _mm256_set1_epi8(1), codes = _mm256_set1_epi8(1);
    const __m256i ones = _mm256_set1_epi16(1);
    for (int i = 0; i < TILE; i++) acc[i] = _mm256_setzero_si256();
    for (int64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < TILE; i++) {
            OPAQUE(x);
            __m256i pairs = _mm256_maddubs_epi16(x, codes);
#pragma clang loop unroll(full)
            for (int s = 1; s < STEPS; s++) {
                OPAQUE(codes);
                pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(x, codes));
            }
            acc[i] = _mm256_add_epi32(acc[i], _mm256_madd_epi16(pairs, ones));
        }
    }
    for (int i = 0; i < TILE; i++) OPAQUE(acc[i]);
    return (double)rounds * TILE * STEPS * 32 * 2;
}

#if !defined(LK_EMULATE)
// Enough sums to hide the latency of the instruction.
enum { SUMS = 12 };

#define MIX(NAME, TARGET, VECTOR, ZERO, ONES, DOT, BYTES)                                                              \
    __attribute__((target(TARGET))) static double NAME(int64_t rounds) {                                              \
        VECTOR acc[SUMS], x = ONES, codes = ONES;                                                                      \
        for (int i = 0; i < SUMS; i++) acc[i] = ZERO;                                                                  \
        for (int64_t round = 0; round < rounds; round++) {                                                             \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++) {                                        \
                OPAQUE(x);                                                                                             \
                acc[i] = DOT(acc[i], x, codes);                                                                        \
            }                                                                                                          \
        }                                                                                                              \
        for (int i = 0; i < SUMS; i++) OPAQUE(acc[i]);                                                                 \
        return (double)rounds * SUMS * BYTES * 2;                                                                      \
    }

MIX(avx_vnni_mix, "avx2,avxvnni", __m256i, _mm256_setzero_si256(), _mm256_set1_epi8(1), _mm256_dpbusd_avx_epi32, 32)
#undef OPAQUE
#define OPAQUE(vector) __asm__ volatile("" : "+v"(vector))
MIX(avx512_vnni_mix, "avx512f,avx512bw,avx512vnni", __m512i, _mm512_setzero_si512(), _mm512_set1_epi8(1),
    _mm512_dpbusd_epi32, 64)
#endif

double lk_int8_mix(int level, int64_t rounds) {
    switch (level) {
    case LK_INT8_AVX2: return avx2_mix(rounds);
#if !defined(LK_EMULATE)
    case LK_INT8_AVX_VNNI: return avx_vnni_mix(rounds);
    case LK_INT8_AVX512_VNNI: return avx512_vnni_mix(rounds);
#endif
    default: return 0;
    }
}

#else

double lk_int8_mix(int level, int64_t rounds) {
    (void)level, (void)rounds;
    return 0;
}

#endif
