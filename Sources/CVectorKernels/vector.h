// Sixteen floats at a time, in portable C: the compiler lowers `v16` to one AVX-512 register, two AVX registers or four
// of SSE or NEON. Each public function is compiled for three x86-64 levels; the loader picks one when the program
// starts.
#pragma once

#include "vector_kernels.h"

#include <string.h>

// `v16` never crosses a call: everything that takes one is inlined, so its calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

// With LK_ONE_LEVEL everything is compiled once, for the level on the compiler's command line: so a lower level can be
// tried.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(LK_ONE_LEVEL)
#define LEVELS 3
#define CLONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONED
#endif

// Without the minimum width clang would split `v16` in halves on x86-64-v4.
#if defined(__x86_64__)
#define INLINE static inline __attribute__((always_inline, min_vector_width(512)))
#else
#define INLINE static inline __attribute__((always_inline))
#endif

// Defines the public function `name`, cloned, around an inlined body that follows. Between the two only pointers and
// numbers are passed: clang refuses to pass a `v16` to a function compiled for another level.
#define KERNEL(type, name, parameters, arguments) \
    INLINE type name##_body parameters; \
    CLONED type name parameters { return name##_body arguments; } \
    INLINE type name##_body parameters

// The same for a function of one file.
#define LOCAL_KERNEL(type, name, parameters, arguments) \
    INLINE type name##_body parameters; \
    CLONED static type name parameters { return name##_body arguments; } \
    INLINE type name##_body parameters

#define UNROLL _Pragma("clang loop unroll(full)")

enum { W = 16 };

// Whether a `v16` takes one register of 32 (AVX-512), so that larger blocks of an output fit. Sums keep their order
// either way.
static inline bool has_wide_registers(void) {
#if defined(LEVELS)
    return __builtin_cpu_supports("x86-64-v4");
#elif defined(__AVX512F__)
    return true;
#else
    return false;
#endif
}

typedef float v16 __attribute__((ext_vector_type(16)));
typedef float v16_unaligned __attribute__((ext_vector_type(16), aligned(4)));
typedef int32_t i16 __attribute__((ext_vector_type(16)));
typedef uint32_t u16 __attribute__((ext_vector_type(16)));
typedef double d16 __attribute__((ext_vector_type(16)));

INLINE v16 load(const float *p) { return *(const v16_unaligned *)p; }
INLINE void store(float *p, v16 v) { *(v16_unaligned *)p = v; }
INLINE v16 splat(float x) { return (v16)x; }

// The first `count` (1...15) floats, the others zero.
INLINE v16 load_part(const float *p, ptrdiff_t count) {
    float lanes[W] = {0};
#pragma clang loop vectorize(disable) unroll(disable)
    for (ptrdiff_t i = 0; i < count; i++) lanes[i] = p[i];
    return load(lanes);
}

INLINE void store_part(float *p, v16 v, ptrdiff_t count) {
    float lanes[W];
    store(lanes, v);
#pragma clang loop vectorize(disable) unroll(disable)
    for (ptrdiff_t i = 0; i < count; i++) p[i] = lanes[i];
}

INLINE v16 load_upto(const float *p, ptrdiff_t count) { return count >= W ? load(p) : load_part(p, count); }
INLINE void store_upto(float *p, v16 v, ptrdiff_t count) {
    if (count >= W) store(p, v);
    else store_part(p, v, count);
}

// One instruction each; where either is NaN the result is b, so a constant goes first and NaN stays NaN.
INLINE v16 vmax(v16 a, v16 b) { return a > b ? a : b; }
INLINE v16 vmin(v16 a, v16 b) { return a < b ? a : b; }
INLINE v16 vabs(v16 a) { return __builtin_elementwise_abs(a); }
INLINE v16 vsqrt(v16 a) { return __builtin_elementwise_sqrt(a); }
INLINE i16 bits(v16 a) { return (i16)a; }
INLINE v16 floats(i16 a) { return (v16)a; }
// `mask` is all ones or all zeros in each lane.
INLINE v16 where(i16 mask, v16 yes, v16 no) { return floats((mask & bits(yes)) | (~mask & bits(no))); }
INLINE i16 lane_index(void) { return (i16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }

// Neighbours first, always in the same order: the sum of a vector has one value, wherever it is formed.
INLINE float sum(v16 a) {
    float __attribute__((ext_vector_type(8))) b = a.even + a.odd;
    float __attribute__((ext_vector_type(4))) c = b.even + b.odd;
    return (c.x + c.y) + (c.z + c.w);
}

// [sums of neighbours in a | sums of neighbours in b]
INLINE v16 fold(v16 a, v16 b) {
    v16 even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    v16 odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return even + odd;
}

// [the larger of neighbours in a | the larger of neighbours in b]
INLINE v16 fold_max(v16 a, v16 b) {
    v16 even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    v16 odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return vmax(even, odd);
}

// Lane i becomes the sum (or the largest) of v[i] for i < R <= 16, added up in the same order as `sum` does. Overwrites
// v.
INLINE v16 reduce(int R, bool largest, v16 v[W]) {
    int n = R;
    UNROLL for (int level = 0; level < 4; level++) {
        UNROLL for (int i = 0; i < (n + 1) / 2; i++) {
            v16 a = v[2 * i], b = 2 * i + 1 < n ? v[2 * i + 1] : a;
            v[i] = largest ? fold_max(a, b) : fold(a, b);
        }
        n = (n + 1) / 2;
    }
    return v[0];
}

// e^x, some 1e-7 relative. Exactly zero below -64, so that a sum of such terms divided by anything stays normal.
INLINE v16 vexp(v16 x) {
    const v16 shift = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer in the low bits
    v16 clamped = vmin(splat(88.0f), vmax(splat(-64.0f), x));
    v16 shifted = clamped * splat(1.44269504f) + shift;
    v16 n = shifted - shift;
    v16 r = clamped - n * splat(0.693359375f);
    r = r - n * splat(-2.12194440e-4f);
    v16 p = splat(1.395063064e-03f);
    p = p * r + splat(8.368969952e-03f);
    p = p * r + splat(4.166620371e-02f);
    p = p * r + splat(1.666651817e-01f);
    p = p * r + splat(5.000000096e-01f);
    p = p * (r * r) + r + splat(1.0f);
    v16 scaled = floats(bits(p) + (bits(shifted) << 23));
    return where(x < splat(-64.0f), splat(0.0f), scaled);
}

// The error function by a rational minimax fit on |x| < 3.95, beyond which a float cannot tell it from 1.
INLINE v16 verf(v16 x) {
    v16 z = vmin(splat(3.95f), vmax(splat(-3.95f), x));
    v16 w = z * z;
    v16 p = splat(2.025857763e-06f);
    p = p * w + splat(2.846661566e-04f);
    p = p * w + splat(3.807652454e-03f);
    p = p * w + splat(5.287384059e-02f);
    p = p * w + splat(1.915399099e-01f);
    p = p * w + splat(1.128379144e+00f);
    v16 q = splat(3.783014430e-05f);
    q = q * w + splat(1.170583354e-03f);
    q = q * w + splat(1.505407758e-02f);
    q = q * w + splat(1.145551169e-01f);
    q = q * w + splat(5.030805041e-01f);
    q = q * w + splat(1.0f);
    return vmin(splat(1.0f), vmax(splat(-1.0f), z * p / q));
}

// An odd polynomial near zero, by e^-2|x| elsewhere.
INLINE v16 vtanh(v16 x) {
    v16 w = x * x;
    v16 p = splat(2.064661106e-03f);
    p = p * w + splat(-8.091963200e-03f);
    p = p * w + splat(2.166634448e-02f);
    p = p * w + splat(-5.394056265e-02f);
    p = p * w + splat(1.333315789e-01f);
    p = p * w + splat(-3.333332961e-01f);
    v16 near = x + x * w * p;
    v16 e = vexp(splat(-2.0f) * vabs(x));
    v16 far = (splat(1.0f) - e) / (splat(1.0f) + e);
    far = floats(bits(far) | (bits(x) & (i16)INT32_MIN));
    return where(vabs(x) < splat(0.65f), near, far);
}
