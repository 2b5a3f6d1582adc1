#include "dropout.h"

static ptrdiff_t padded(ptrdiff_t n) { return (n + W - 1) / W * W; }

enum { BLOCK = 8 };

// Transposed keys of one head, and the scores of one block of rows.
ptrdiff_t lk_attention_scratch(ptrdiff_t tokens, ptrdiff_t head_size) { return (head_size + BLOCK) * padded(tokens); }

static void lk_transpose_keys(ptrdiff_t tokens, ptrdiff_t size, const float *k, ptrdiff_t stride, float *keys, ptrdiff_t width) {
    for (ptrdiff_t d = 0; d < size; d++) {
        for (ptrdiff_t j = 0; j < tokens; j++) keys[d * width + j] = k[j * stride + d];
        for (ptrdiff_t j = tokens; j < width; j++) keys[d * width + j] = 0;
    }
}

// Scores of R rows of queries against C vectors of keys.
INLINE void score(
    int R, int C, ptrdiff_t size, const float *q, ptrdiff_t stride, const float *keys, ptrdiff_t width, float *scores) {
    v16 acc[16] = {0};
    for (ptrdiff_t d = 0; d < size; d++) {
        v16 key[2];
        UNROLL for (int c = 0; c < C; c++) key[c] = load(keys + d * width + c * W);
        UNROLL for (int r = 0; r < R; r++) {
            v16 query = splat(q[r * stride + d]);
            UNROLL for (int c = 0; c < C; c++) acc[r * C + c] += query * key[c];
        }
    }
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int c = 0; c < C; c++) store(scores + r * width + c * W, acc[r * C + c]);
    }
}

// Softmax of one row of scores in place; the lanes beyond `tokens` become zero.
INLINE void normalise(ptrdiff_t tokens, ptrdiff_t width, float scale, float *scores) {
    v16 top = splat(-__builtin_inff());
    i16 inside = lane_index() < (i16)(int32_t)(tokens - (width - W));
    ptrdiff_t last = width - W;
    for (ptrdiff_t j = 0; j < last; j += W) top = vmax(top, load(scores + j));
    top = vmax(top, where(inside, load(scores + last), top));
    v16 shift = splat(largest(top) * scale), total = 0;
    for (ptrdiff_t j = 0; j < width; j += W) {
        v16 e = vexp(load(scores + j) * splat(scale) - shift);
        if (j == last) e = where(inside, e, splat(0));
        store(scores + j, e);
        total += e;
    }
    v16 share = splat(1.0f / sum(total));
    for (ptrdiff_t j = 0; j < width; j += W) store(scores + j, load(scores + j) * share);
}

// R rows of output, C vectors of the head's columns, the last of which holds `last` floats.
INLINE void mix(
    int R, int C, ptrdiff_t tokens, const float *weights, ptrdiff_t width, const float *v, ptrdiff_t stride, float *y,
    ptrdiff_t y_stride, ptrdiff_t last) {
    v16 acc[16] = {0};
    for (ptrdiff_t j = 0; j < tokens; j++) {
        v16 value[2];
        UNROLL for (int c = 0; c < C; c++) value[c] = load_upto(v + j * stride + c * W, c == C - 1 ? last : W);
        UNROLL for (int r = 0; r < R; r++) {
            v16 weight = splat(weights[r * width + j]);
            UNROLL for (int c = 0; c < C; c++) acc[r * C + c] += weight * value[c];
        }
    }
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int c = 0; c < C; c++) store_upto(y + r * y_stride + c * W, acc[r * C + c], c == C - 1 ? last : W);
    }
}

INLINE void attend_rows(
    int R, ptrdiff_t tokens, ptrdiff_t size, const float *q, const float *keys, ptrdiff_t width, const float *v,
    ptrdiff_t stride, float scale, float *y, ptrdiff_t y_stride, float *probabilities, float rate, uint64_t key,
    ptrdiff_t first, float *scores) {
    ptrdiff_t c = 0;
    for (; c + 2 * W <= width; c += 2 * W) score(R, 2, size, q, stride, keys + c, width, scores + c);
    for (; c < width; c += W) score(R, 1, size, q, stride, keys + c, width, scores + c);
    for (int r = 0; r < R; r++) {
        float *row = scores + r * width;
        normalise(tokens, width, scale, row);
        if (probabilities) memcpy(probabilities + r * tokens, row, (size_t)tokens * sizeof(float));
        if (rate > 0) {
            uint32_t threshold = dropout_threshold(rate);
            for (ptrdiff_t j = 0; j < width; j += W)
                store(row + j, dropped(load(row + j), threshold, 1.0f / (1.0f - rate), key, first + r * tokens + j));
        }
    }
    ptrdiff_t d = 0;
    for (; d + 2 * W <= size; d += 2 * W) mix(R, 2, tokens, scores, width, v + d, stride, y + d, y_stride, W);
    for (; d + W <= size; d += W) mix(R, 1, tokens, scores, width, v + d, stride, y + d, y_stride, W);
    if (d < size) mix(R, 1, tokens, scores, width, v + d, stride, y + d, y_stride, size - d);
}

KERNEL(void, lk_attention, (
    ptrdiff_t tokens, ptrdiff_t heads, ptrdiff_t size, const float *q, const float *k, const float *v, ptrdiff_t stride,
    float scale, float *y, ptrdiff_t y_stride, float *probabilities, float rate, uint64_t key, float *scratch),
    (tokens, heads, size, q, k, v, stride, scale, y, y_stride, probabilities, rate, key, scratch)) {
    ptrdiff_t width = padded(tokens);
    float *keys = scratch, *scores = scratch + size * width;
    for (ptrdiff_t head = 0; head < heads; head++) {
        ptrdiff_t at = head * size, i = 0;
        lk_transpose_keys(tokens, size, k + at, stride, keys, width);
        for (; i + BLOCK <= tokens; i += BLOCK)
            attend_rows(
                BLOCK, tokens, size, q + i * stride + at, keys, width, v + at, stride, scale, y + i * y_stride + at, y_stride,
                probabilities ? probabilities + (head * tokens + i) * tokens : NULL, rate, key, (head * tokens + i) * tokens,
                scores);
        for (; i < tokens; i++)
            attend_rows(
                1, tokens, size, q + i * stride + at, keys, width, v + at, stride, scale, y + i * y_stride + at, y_stride,
                probabilities ? probabilities + (head * tokens + i) * tokens : NULL, rate, key, (head * tokens + i) * tokens,
                scores);
    }
}
