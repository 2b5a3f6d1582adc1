#include "bfloat16_product.h"
#include "vector.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

// Rows that share the packed weights while they are in the second-level cache, and inputs whose panels fit into the
// first level.
enum { ROWS_AT_ONCE = 4 * BLOCK_ROWS, DEPTH_AT_ONCE = 384 };

#if defined(__x86_64__)
static bool has_avx512(void) {
#if defined(LK_EMULATE)
    return true;
#else
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
}
#elif defined(__aarch64__)
static bool has_dot_product(void) {
#if defined(__linux__)
    return getauxval(AT_HWCAP2) >> 14 & 1;  // HWCAP2_BF16
#else
    return false;
#endif
}
#endif

bool lk_has_bf16(int level) {
    switch (level) {
    case LK_BF16_PORTABLE: return true;
#if defined(__x86_64__)
    case LK_BF16_AVX512: return lk_bf16_sums_avx512 && has_avx512();
    case LK_BF16_AMX: return lk_bf16_sums_amx && lk_has_amx(LK_AMX_BF16);
#elif defined(__aarch64__)
    case LK_BF16_NEON_DOT: return lk_bf16_sums_neon_dot && has_dot_product();
#endif
    default: return false;
    }
}

int lk_bf16_level(void) {
    for (int level = LK_BF16_LEVELS - 1; level > LK_BF16_PORTABLE; level--)
        if (lk_has_bf16(level)) return level;
    return LK_BF16_PORTABLE;
}

static lk_bf16_sums *sums_at(int level) {
    switch (level) {
    case LK_BF16_AVX512: return lk_bf16_sums_avx512;
    case LK_BF16_AMX: return lk_bf16_sums_amx;
    case LK_BF16_NEON_DOT: return lk_bf16_sums_neon_dot;
    default: return lk_bf16_sums_portable;
    }
}

void lk_bf16_sums_portable(const lk_bf16_block *b) {
#pragma clang fp contract(off)
    for (ptrdiff_t r = 0; r < b->rows; r++) {
        const uint16_t *x = b->x + r * b->x_stride;
        for (int p = 0; p < b->panels; p++) {
            const uint16_t *weights = b->weights + p * b->panel_stride;
            float *sums = b->sums + r * BLOCK_COLUMNS + p * PANEL, totals[PANEL];
            for (int c = 0; c < PANEL; c++) totals[c] = b->accumulates ? sums[c] : 0;
            for (ptrdiff_t k = 0; k < b->depth; k += 2, weights += PANEL * 2)
                for (int c = 0; c < PANEL; c++)
                    for (int i = 0; i < 2; i++) totals[c] += widened(x[k + i]) * widened(weights[c * 2 + i]);
            memcpy(sums, totals, sizeof totals);
        }
    }
}

LOCAL_KERNEL(void, finish_block, (
    ptrdiff_t rows, ptrdiff_t outputs, const float *sums, const float *bias, bool accumulate, float *y,
    ptrdiff_t y_stride),
    (rows, outputs, sums, bias, accumulate, y, y_stride)) {
    for (ptrdiff_t c = 0; c < outputs; c += PANEL) {
        ptrdiff_t count = outputs - c;
        v16 offset = bias ? load_upto(bias + c, count) : splat(0);
        for (ptrdiff_t r = 0; r < rows; r++) {
            float *to = y + r * y_stride + c;
            v16 value = load(sums + r * BLOCK_COLUMNS + c) + offset;
            if (accumulate) value += load_upto(to, count);
            store_upto(to, value, count);
        }
    }
}

// All inputs of some rows and one or two panels.
static void sum_block(lk_bf16_sums *sums, lk_bf16_block b, ptrdiff_t depth) {
    const uint16_t *x = b.x, *weights = b.weights;
    for (ptrdiff_t first = 0; first < depth; first += DEPTH_AT_ONCE) {
        b.depth = depth - first < DEPTH_AT_ONCE ? depth - first : DEPTH_AT_ONCE;
        b.x = x + first;
        b.weights = weights + first * PANEL;
        b.accumulates = first > 0;
        sums(&b);
    }
}

void lk_bf16_product(
    int level, ptrdiff_t rows, const lk_bf16_rows *x, const lk_bf16_weight *w, const float *bias, bool accumulate,
    float *y, ptrdiff_t y_stride) {
    _Alignas(64) float sums[BLOCK_ROWS * BLOCK_COLUMNS];
    lk_bf16_sums *function = sums_at(level);
    ptrdiff_t depth = lk_bf16_stride(w->inputs);
    lk_bf16_block b = {.x_stride = x->stride, .panel_stride = depth * PANEL, .sums = sums};
    for (ptrdiff_t i = 0; i < rows; i += ROWS_AT_ONCE) {
        ptrdiff_t end = rows - i < ROWS_AT_ONCE ? rows : i + ROWS_AT_ONCE;
        for (ptrdiff_t j = 0; j < w->outputs; j += BLOCK_COLUMNS) {
            ptrdiff_t outputs = w->outputs - j < BLOCK_COLUMNS ? w->outputs - j : BLOCK_COLUMNS;
            b.panels = outputs > PANEL ? 2 : 1;
            b.weights = w->values + j * depth;
            for (ptrdiff_t r = i; r < end; r += BLOCK_ROWS) {
                b.rows = end - r < BLOCK_ROWS ? end - r : BLOCK_ROWS;
                b.x = x->values + r * x->stride;
                expect_block(b.rows, outputs, y + r * y_stride + j, y_stride);
                sum_block(function, b, depth);
                finish_block(
                    b.rows, outputs, sums, bias ? bias + j : NULL, accumulate, y + r * y_stride + j, y_stride);
            }
        }
    }
    if (level == LK_BF16_AMX) lk_amx_release();
}
