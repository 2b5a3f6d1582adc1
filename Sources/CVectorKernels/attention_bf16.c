// Attention with products of bfloat16, by AVX-512 BF16. Queries, keys, values and the exponentials of the scores are
// rounded; scores, sums and the division by the sum are float32.
//
// Pairs of numbers lie in the place of floats. The keys are panels of KEYS tokens, [pairs of a head][KEYS]; the values
// are [pairs of tokens][padded head size]. Behind them lie the rounded queries, the scores and the exponentials of one
// block of rows.
#include "bfloat16_kernels.h"
#include "vector_kernels.h"

#include <string.h>

#if defined(__x86_64__)

#include <immintrin.h>

// Everything on `v16` in this file is compiled for that CPU: clang refuses to pass one to another.
#if defined(LK_EMULATE)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"))), apply_to = function)
#endif

#include "attention.h"
#include "avx512_bf16.h"

enum { KEYS = 2 * W, BLOCK = 8 };

typedef struct {
    ptrdiff_t tokens, width, size, pairs, query_pairs, columns;
    float *keys, *values, *queries, *scores, *exponentials;
} head;

static head head_of(ptrdiff_t tokens, ptrdiff_t size, float *scratch) {
    head h = {.tokens = tokens, .width = padded(tokens, KEYS), .size = size, .pairs = padded(size, 2) / 2,
        .query_pairs = padded(size, 2 * W) / 2, .columns = padded(size, W)};
    h.keys = scratch;
    h.values = h.keys + h.pairs * h.width;
    h.queries = h.values + h.width / 2 * h.columns;
    h.scores = h.queries + BLOCK * h.query_pairs;
    h.exponentials = h.scores + BLOCK * h.width;
    return h;
}

// 2^x for x <= 0, 8e-5 relative: less than a tenth of what rounding the result changes. A polynomial of what x exceeds
// a whole number by.
TILE_INLINE v16 vexp2_of_negative(v16 x) {
    v16 r = fraction(x);
    v16 p = splat(7.802452348e-02f) * r + splat(2.260671602e-01f);
    p = p * r + splat(6.958335355e-01f);
    p = p * r + splat(9.999252194e-01f);
    return scaled_by_power(p, x);
}

TILE_INLINE void round_query(const head *h, const float *q, v16 factor, float *pairs) {
    for (ptrdiff_t d = 0; d < h->size; d += 2 * W, pairs += W) {
        ptrdiff_t count = h->size - d;
        v16 low = load_upto(q + d, count), high = count > W ? load_upto(q + d + W, count - W) : splat(0);
        store_pairs(pairs, round_operand(low * factor, high * factor));
    }
}

TILE_INLINE void pack_keys(const head *h, const float *k, ptrdiff_t stride) {
    _Alignas(64) float pairs[W * W];
    for (ptrdiff_t j = 0; j < h->tokens; j += W) {
        ptrdiff_t rows = h->tokens - j;
        for (ptrdiff_t d = 0; d < h->size; d += 2 * W) {
            ptrdiff_t count = h->size - d;
            for (ptrdiff_t i = 0; i < W && i < rows; i++) {
                const float *x = k + (j + i) * stride + d;
                v16 high = count > W ? load_upto(x + W, count - W) : splat(0);
                store_pairs(pairs + i * W, round_operand(load_upto(x, count), high));
            }
            transpose_block(rows, h->pairs - d / 2, pairs, W,
                h->keys + j / KEYS * KEYS * h->pairs + d / 2 * KEYS + j % KEYS, KEYS);
        }
    }
}

TILE_INLINE void pack_values(const head *h, const float *v, ptrdiff_t stride) {
    float *to = h->values;
    for (ptrdiff_t j = 0; j < h->tokens; j += 2, v += 2 * stride)
        for (ptrdiff_t d = 0; d < h->size; d += W, to += W) {
            v16 second = j + 1 < h->tokens ? load_upto(v + stride + d, h->size - d) : splat(0);
            store_pairs(to, interleave_operand(round_operand(load_upto(v + d, h->size - d), second)));
        }
}

// acc[R rows, C vectors] = a[R, pairs] * b[pairs, C vectors], each element summed from first to last.
TILE_INLINE void sum_pairs(int R, int C, ptrdiff_t pairs, const float *a, ptrdiff_t a_stride, const float *b,
    ptrdiff_t b_stride, wide *acc) {
    UNROLL for (int i = 0; i < R * C; i++) acc[i] = zero_wide();
    for (ptrdiff_t d = 0; d < pairs; d++) {
        operand right[2];
        UNROLL for (int c = 0; c < C; c++) right[c] = load_pairs(b + d * b_stride + c * W);
        UNROLL for (int r = 0; r < R; r++) {
            operand left = splat_operand(four_bytes(a + r * a_stride + d));
            UNROLL for (int c = 0; c < C; c++) acc[r * C + c] = dot(acc[r * C + c], left, right[c]);
        }
    }
}

// The scores of R rows and C vectors of keys, of which the first key is j. Beyond the tokens they are -infinity.
TILE_INLINE void score_panel(int R, int C, const head *h, ptrdiff_t j, v16 *largest) {
    wide acc[2 * BLOCK];
    sum_pairs(R, C, h->pairs, h->queries, h->query_pairs, h->keys + j * h->pairs, KEYS, acc);
    UNROLL for (int i = 0; i < R * C; i++) {
        ptrdiff_t first = j + i % C * W;
        v16 scores = floats_of(acc[i]);
        if (first + W > h->tokens) {
            i16 inside = lane_index() < (i16)(int32_t)(h->tokens - first);
            scores = where(inside, scores, splat(-__builtin_inff()));
        }
        largest[i / C] = vmax(largest[i / C], scores);
        store(h->scores + i / C * h->width + first, scores);
    }
}

// The scores of R rows, with the factor of their queries. Lane r of the result is the largest of row r.
TILE_INLINE v16 score_rows(int R, const head *h) {
    v16 largest[W];
    UNROLL for (int r = 0; r < R; r++) largest[r] = splat(-__builtin_inff());
    ptrdiff_t j = 0;
    for (; j + W < h->tokens; j += KEYS) score_panel(R, 2, h, j, largest);
    if (j < h->tokens) score_panel(R, 1, h, j, largest);
    return reduce(R, true, largest);
}

// The exponentials of R rows of scores, rounded. Lane r of the result is one by the sum of row r, as rounded.
TILE_INLINE v16 exponentiate_rows(int R, const head *h, v16 largest) {
    const operand ones = splat_operand(0x3f803f80);
    wide sums[BLOCK];
    v16 totals[W];
    float lanes[W];
    store(lanes, largest);
    UNROLL for (int r = 0; r < R; r++) sums[r] = zero_wide();
    for (ptrdiff_t j = 0; j < h->tokens; j += KEYS) {
        bool both = j + W < h->tokens;
        UNROLL for (int r = 0; r < R; r++) {
            const float *scores = h->scores + r * h->width + j;
            v16 low = vexp2_of_negative(load(scores) - splat(lanes[r]));
            v16 high = both ? vexp2_of_negative(load(scores + W) - splat(lanes[r])) : splat(0);
            operand exponentials = round_operand(low, high);
            sums[r] = dot(sums[r], exponentials, ones);
            store_pairs(h->exponentials + (r * h->width + j) / 2, exponentials);
        }
    }
    UNROLL for (int r = 0; r < R; r++) totals[r] = floats_of(sums[r]);
    return splat(1.0f) / reduce(R, false, totals);
}

TILE_INLINE void attend_rows(int R, const head *h, const float *q, ptrdiff_t stride, v16 factor, float *y,
    ptrdiff_t y_stride) {
    float lanes[W];
    UNROLL for (int r = 0; r < R; r++) round_query(h, q + r * stride, factor, h->queries + r * h->query_pairs);
    store(lanes, exponentiate_rows(R, h, score_rows(R, h)));
    wide acc[2 * BLOCK];
    ptrdiff_t d = 0, pairs = padded(h->tokens, 2) / 2;
    for (; d + 2 * W <= h->columns; d += 2 * W) {
        sum_pairs(R, 2, pairs, h->exponentials, h->width / 2, h->values + d, h->columns, acc);
        UNROLL for (int i = 0; i < R * 2; i++)
            store_upto(y + i / 2 * y_stride + d + i % 2 * W, floats_of(acc[i]) * splat(lanes[i / 2]),
                h->size - d - i % 2 * W);
    }
    for (; d < h->columns; d += W) {
        sum_pairs(R, 1, pairs, h->exponentials, h->width / 2, h->values + d, h->columns, acc);
        UNROLL for (int r = 0; r < R; r++)
            store_upto(y + r * y_stride + d, floats_of(acc[r]) * splat(lanes[r]), h->size - d);
    }
}

void lk_bf16_attention(
    ptrdiff_t tokens, ptrdiff_t queries, ptrdiff_t heads, ptrdiff_t size, const float *q, const float *k,
    const float *v, ptrdiff_t stride, float scale, float *y, ptrdiff_t y_stride, float *scratch) {
    const head h = head_of(tokens, size, scratch);
    // The scores are exponents of 2.
    v16 factor = splat(scale * 1.44269504f);
    // Blocks of nearly equal height: a block of one row would spend its time waiting for its own sums.
    ptrdiff_t blocks = (queries + BLOCK - 1) / BLOCK;
    for (ptrdiff_t i = 0; i < heads; i++, q += size, k += size, v += size, y += size) {
        pack_keys(&h, k, stride);
        pack_values(&h, v, stride);
        for (ptrdiff_t block = 0, row = 0; block < blocks; block++) {
            ptrdiff_t rows = queries * (block + 1) / blocks - row;
            const float *from = q + row * stride;
            float *to = y + row * y_stride;
            switch (rows) {
            case 1: attend_rows(1, &h, from, stride, factor, to, y_stride); break;
            case 2: attend_rows(2, &h, from, stride, factor, to, y_stride); break;
            case 3: attend_rows(3, &h, from, stride, factor, to, y_stride); break;
            case 4: attend_rows(4, &h, from, stride, factor, to, y_stride); break;
            case 5: attend_rows(5, &h, from, stride, factor, to, y_stride); break;
            case 6: attend_rows(6, &h, from, stride, factor, to, y_stride); break;
            case 7: attend_rows(7, &h, from, stride, factor, to, y_stride); break;
            default: attend_rows(8, &h, from, stride, factor, to, y_stride); break;
            }
            row += rows;
        }
    }
}

ptrdiff_t lk_bf16_attention_scratch(ptrdiff_t tokens, ptrdiff_t size) {
    head h = head_of(tokens, size, NULL);
    return h.pairs * h.width + h.width / 2 * h.columns + BLOCK * (h.query_pairs + h.width + h.width / 2);
}

#pragma clang attribute pop

bool lk_has_bf16_attention(void) { return lk_has_bf16(LK_BF16_AVX512); }

#else

bool lk_has_bf16_attention(void) { return false; }
ptrdiff_t lk_bf16_attention_scratch(ptrdiff_t tokens, ptrdiff_t size) { return 0; }
void lk_bf16_attention(
    ptrdiff_t tokens, ptrdiff_t queries, ptrdiff_t heads, ptrdiff_t size, const float *q, const float *k,
    const float *v, ptrdiff_t stride, float scale, float *y, ptrdiff_t y_stride, float *scratch) {}

#endif
