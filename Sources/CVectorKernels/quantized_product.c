#include "quantized_product.h"
#include "quantize.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

// Rows that share the packed weights while they are in the second-level cache, and inputs whose panels fit into the
// first level.
enum { ROWS_AT_ONCE = 4 * BLOCK_ROWS, DEPTH_AT_ONCE = 768, LOW_BLOCK_ROWS = 8 };

#if defined(__x86_64__) && !defined(LK_EMULATE)
// Leaf 7 of CPUID, subleaf 1: bit of EAX.
enum { AVX_VNNI_BIT = 1 << 4 };

static bool has_avx_vnni(void) {
    unsigned a, b, c, d;
    return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & AVX_VNNI_BIT);
}

static bool has_avx512_vnni(void) {
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl");
}

static bool has_avx2(void) { return __builtin_cpu_supports("avx2"); }
#elif defined(__x86_64__)
static bool has_avx_vnni(void) { return true; }
static bool has_avx512_vnni(void) { return true; }
static bool has_avx2(void) { return true; }
#endif

#if defined(__aarch64__)
static bool has_dot_product(void) {
#if defined(__linux__)
    return getauxval(AT_HWCAP) >> 20 & 1;  // HWCAP_ASIMDDP
#else
    return false;
#endif
}
#endif

bool lk_has_int8(int level) {
    switch (level) {
    case LK_INT8_PORTABLE: return true;
#if defined(__x86_64__)
    case LK_INT8_AVX2: return lk_int8_sums_avx2 && has_avx2();
    case LK_INT8_AVX_VNNI: return lk_int8_sums_avx_vnni && has_avx_vnni();
    case LK_INT8_AVX512_VNNI: return lk_int8_sums_avx512_vnni && has_avx512_vnni();
    case LK_INT8_AMX: return lk_int8_sums_amx && lk_has_amx(LK_AMX_INT8);
#elif defined(__aarch64__)
    case LK_INT8_NEON: return lk_int8_sums_neon != NULL;
    case LK_INT8_NEON_DOT: return lk_int8_sums_neon_dot && has_dot_product();
#endif
    default: return false;
    }
}

int lk_int8_level(void) {
    for (int level = LK_INT8_LEVELS - 1; level > LK_INT8_PORTABLE; level--)
        if (lk_has_int8(level)) return level;
    return LK_INT8_PORTABLE;
}

static lk_int8_sums *sums_at(int level) {
    switch (level) {
    case LK_INT8_AVX2: return lk_int8_sums_avx2;
    case LK_INT8_AVX_VNNI: return lk_int8_sums_avx_vnni;
    case LK_INT8_AVX512_VNNI: return lk_int8_sums_avx512_vnni;
    case LK_INT8_AMX: return lk_int8_sums_amx;
    case LK_INT8_NEON: return lk_int8_sums_neon;
    case LK_INT8_NEON_DOT: return lk_int8_sums_neon_dot;
    default: return lk_int8_sums_portable;
    }
}

void lk_int8_sums_portable(const lk_int8_block *b) {
    for (ptrdiff_t r = 0; r < b->rows; r++) {
        const uint8_t *x = b->x + r * b->x_stride;
        for (int p = 0; p < b->panels; p++) {
            const int8_t *codes = b->codes + p * b->panel_stride;
            int32_t *sums = b->sums + r * BLOCK_COLUMNS + p * PANEL, totals[PANEL] = {0};
            for (ptrdiff_t k = 0; k < b->depth; k += 4, codes += PANEL * 4)
                for (int c = 0; c < PANEL; c++)
                    for (int i = 0; i < 4; i++) totals[c] += x[k + i] * codes[c * 4 + i];
            for (int c = 0; c < PANEL; c++) sums[c] = totals[c] + (b->accumulates ? sums[c] : 0);
        }
    }
}

typedef int32_t i16_unaligned __attribute__((ext_vector_type(16), aligned(4)));

// The first `outputs` outputs of the panel that begins with output c.
INLINE void finish_panel(
    ptrdiff_t rows, ptrdiff_t c, ptrdiff_t outputs, const int32_t *sums, int32_t zero_offset,
    const lk_int8_outputs *o) {
#pragma clang fp contract(off)
    v16 scale = load(o->scales + c), offset = o->bias ? load_upto(o->bias + c, outputs) : splat(0);
    i16 code_sum = *(const i16_unaligned *)(o->code_sums + c);
    float *y = o->y + c;
    for (ptrdiff_t r = 0; r < rows; r++, sums += BLOCK_COLUMNS, y += o->y_stride) {
        i16 total = *(const i16_unaligned *)(sums + c) - (i16)(o->zeros[r] - zero_offset) * code_sum;
        v16 value = __builtin_convertvector(total, v16) * (scale * splat(o->row_scales[r])) + offset;
        if (o->accumulates) value += load_upto(y, outputs);
        store_upto(y, value, outputs);
    }
}

LOCAL_KERNEL(void, finish_block, (
    ptrdiff_t rows, ptrdiff_t outputs, const int32_t *sums, int32_t zero_offset, const lk_int8_outputs *o),
    (rows, outputs, sums, zero_offset, o)) {
    for (ptrdiff_t c = 0; c < outputs; c += PANEL) {
        // Whole panels are the rule; saying so apart keeps the tail's code out of their loop.
        if (outputs - c >= PANEL) finish_panel(rows, c, PANEL, sums, zero_offset, o);
        else finish_panel(rows, c, outputs - c, sums, zero_offset, o);
    }
}

// All inputs of some rows and one or two panels.
static void sum_block(lk_int8_sums *sums, lk_int8_block b, ptrdiff_t depth) {
    const uint8_t *x = b.x;
    const int8_t *codes = b.codes;
    const lk_int8_outputs *outputs = b.outputs;
    for (ptrdiff_t first = 0; first < depth; first += DEPTH_AT_ONCE) {
        b.depth = depth - first < DEPTH_AT_ONCE ? depth - first : DEPTH_AT_ONCE;
        b.x = x + first;
        b.codes = codes + first * PANEL;
        b.accumulates = first > 0;
        b.outputs = first + b.depth == depth ? outputs : NULL;
        sums(&b);
    }
}

// What a block writes to y waits in the store buffer while the next block is computed, if it fits in there. Where a
// block has few inputs, that saves more than high blocks do, unless its instructions need them.
static ptrdiff_t rows_per_block(int level, ptrdiff_t depth) {
    bool is_narrow = level == LK_INT8_AVX2 || level == LK_INT8_NEON || level == LK_INT8_NEON_DOT;
    return is_narrow && depth <= DEPTH_AT_ONCE ? LOW_BLOCK_ROWS : BLOCK_ROWS;
}

void lk_quantized_product(
    int level, ptrdiff_t rows, const lk_quantized_rows *x, const lk_quantized_weight *w, const float *bias,
    bool accumulate, float *y, ptrdiff_t y_stride) {
    _Alignas(64) int32_t sums[BLOCK_ROWS * BLOCK_COLUMNS];
    lk_int8_sums *function = sums_at(level);
    ptrdiff_t depth = lk_quantized_stride(w->inputs);
    int32_t zero_offset = level == LK_INT8_NEON || level == LK_INT8_NEON_DOT ? NEON_OFFSET : 0;
    ptrdiff_t block_rows = rows_per_block(level, depth);
    lk_int8_block b = {.x_stride = x->stride, .panel_stride = depth * PANEL, .sums = sums};
    for (ptrdiff_t i = 0; i < rows; i += ROWS_AT_ONCE) {
        ptrdiff_t end = rows - i < ROWS_AT_ONCE ? rows : i + ROWS_AT_ONCE;
        for (ptrdiff_t j = 0; j < w->outputs; j += BLOCK_COLUMNS) {
            ptrdiff_t outputs = w->outputs - j < BLOCK_COLUMNS ? w->outputs - j : BLOCK_COLUMNS;
            b.panels = outputs > PANEL ? 2 : 1;
            b.steps = w->steps[j / PANEL];
            if (b.panels == 2 && w->steps[j / PANEL + 1] < b.steps) b.steps = w->steps[j / PANEL + 1];
            b.codes = w->codes + j * depth;
            for (ptrdiff_t r = i; r < end; r += block_rows) {
                b.rows = end - r < block_rows ? end - r : block_rows;
                b.x = x->codes + r * x->stride;
                expect_block(b.rows, outputs, y + r * y_stride + j, y_stride);
                const lk_int8_outputs finished = {x->scales + r, x->zeros + r, w->scales + j, w->sums + j,
                    bias ? bias + j : NULL, accumulate, y + r * y_stride + j, y_stride};
                b.outputs = level == LK_INT8_AVX512_VNNI && outputs % PANEL == 0 ? &finished : NULL;
                sum_block(function, b, depth);
                if (!b.outputs) finish_block(b.rows, outputs, sums, zero_offset, &finished);
            }
        }
    }
    if (level == LK_INT8_AMX) lk_amx_release();
}
