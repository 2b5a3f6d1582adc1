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

typedef struct {
    float lanes[16];
} numbers;

TILE_INLINE numbers load_numbers(const float *p) { numbers n; memcpy(&n, p, 64); return n; }
TILE_INLINE void store_numbers(float *p, numbers n) { memcpy(p, &n, 64); }
TILE_INLINE numbers no_numbers(void) { return (numbers){{0}}; }
TILE_INLINE numbers output_of(wide sums, int32_t zero, wide code_sums, float row_scale, numbers scales, numbers bias) {
#pragma clang fp contract(off)
    numbers n;
    for (int i = 0; i < 16; i++) {
        float total = (float)(sums.lanes[i] - zero * code_sums.lanes[i]);
        n.lanes[i] = total * (scales.lanes[i] * row_scale) + bias.lanes[i];
    }
    return n;
}
TILE_INLINE numbers sum_of(numbers a, numbers b) {
    for (int i = 0; i < 16; i++) a.lanes[i] += b.lanes[i];
    return a;
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

typedef __m512 numbers;
TILE_INLINE numbers load_numbers(const float *p) { return _mm512_loadu_ps(p); }
TILE_INLINE void store_numbers(float *p, numbers n) { _mm512_storeu_ps(p, n); }
TILE_INLINE numbers no_numbers(void) { return _mm512_setzero_ps(); }
TILE_INLINE numbers output_of(wide sums, int32_t zero, wide code_sums, float row_scale, numbers scales, numbers bias) {
#pragma clang fp contract(off)
    wide total = _mm512_sub_epi32(sums, _mm512_mullo_epi32(_mm512_set1_epi32(zero), code_sums));
    return _mm512_cvtepi32_ps(total) * (scales * _mm512_set1_ps(row_scale)) + bias;
}
TILE_INLINE numbers sum_of(numbers a, numbers b) { return a + b; }
#endif

typedef lk_int8_block tile_block;
typedef uint8_t tile_input;
typedef int32_t tile_sum;
enum { TILE_STEP = 4 };
TILE_INLINE const int8_t *tile_weights(const tile_block *b) { return b->codes; }
TILE_INLINE operand load_operand(const int8_t *p) { return load_wide(p); }
TILE_INLINE bool has_outputs(const tile_block *b) { return b->outputs != NULL; }
TILE_INLINE void finish_tile(int R, int C, const tile_block *b, ptrdiff_t row, const wide *sums) {
    const lk_int8_outputs *o = b->outputs;
    numbers scales[2], bias[2];
    wide code_sums[2];
    UNROLL_ALL for (int c = 0; c < C; c++) {
        scales[c] = load_numbers(o->scales + c * PANEL);
        bias[c] = o->bias ? load_numbers(o->bias + c * PANEL) : no_numbers();
        code_sums[c] = load_wide(o->code_sums + c * PANEL);
    }
    UNROLL_ALL for (int i = 0; i < R * C; i++) {
        ptrdiff_t r = row + i / C;
        float *y = o->y + r * o->y_stride + i % C * PANEL;
        numbers value = output_of(
            sums[i], o->zeros[r], code_sums[i % C], o->row_scales[r], scales[i % C], bias[i % C]);
        store_numbers(y, o->accumulates ? sum_of(value, load_numbers(y)) : value);
    }
}

#include "avx512_tiles.h"

VNNI static void vnni_sums(const lk_int8_block *b) { all_tiles(b); }

lk_int8_sums *const lk_int8_sums_avx512_vnni = vnni_sums;

#else

lk_int8_sums *const lk_int8_sums_avx512_vnni = 0;

#endif
