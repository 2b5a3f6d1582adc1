#include "attention.h"
#include "dropout.h"

// A panel is the keys of PANEL tokens, transposed: [head size][PANEL]. The values of a head lie packed behind the
// panels, then the scores of one block of rows. Packing costs little and spares the caches the stride of the fused
// projection.
enum { PANEL = 2 * W, BLOCK = 8 };

ptrdiff_t lk_attention_scratch(ptrdiff_t tokens, ptrdiff_t size) {
    ptrdiff_t width = padded(tokens, PANEL);
    return size * width + tokens * padded(size, W) + BLOCK * width;
}

INLINE void pack_keys(ptrdiff_t tokens, ptrdiff_t size, const float *k, ptrdiff_t stride, float *panels) {
    for (ptrdiff_t j = 0; j < padded(tokens, PANEL); j += W)
        for (ptrdiff_t d = 0; d < size; d += W)
            transpose_block(
                tokens - j, size - d, k + j * stride + d, stride,
                    panels + j / PANEL * PANEL * size + d * PANEL + j % PANEL, PANEL);
}

INLINE void pack_values(ptrdiff_t tokens, ptrdiff_t size, const float *v, ptrdiff_t stride, float *packed) {
    for (ptrdiff_t j = 0; j < tokens; j++, v += stride)
        for (ptrdiff_t d = 0; d < size; d += W, packed += W) store(packed, load_upto(v + d, size - d));
}

// c[R rows, C vectors] = a[R, depth] * b[depth, C vectors], each element summed from first to last.
INLINE void block_product(
    int R, int C, ptrdiff_t depth, const float *a, ptrdiff_t a_stride, const float *b, ptrdiff_t b_stride, v16 *acc) {
    UNROLL for (int i = 0; i < R * C; i++) acc[i] = splat(0);
    for (ptrdiff_t d = 0; d < depth; d++) {
        v16 right[2];
        UNROLL for (int c = 0; c < C; c++) right[c] = load(b + d * b_stride + c * W);
        UNROLL for (int r = 0; r < R; r++) {
            v16 left = splat(a[r * a_stride + d]);
            UNROLL for (int c = 0; c < C; c++) acc[r * C + c] += left * right[c];
        }
    }
}

// Softmax of R rows of scores in place; the lanes beyond `tokens` become zero.
INLINE void normalize(int R, ptrdiff_t tokens, ptrdiff_t width, float scale, float *scores) {
    ptrdiff_t last = (tokens - 1) / W * W;
    i16 inside = lane_index() < (i16)(int32_t)(tokens - last);
    v16 rows[W];
    float lanes[W];

    UNROLL for (int r = 0; r < R; r++)
        rows[r] = where(inside, load(scores + r * width + last), splat(-__builtin_inff()));
    for (ptrdiff_t j = 0; j < last; j += W) {
        UNROLL for (int r = 0; r < R; r++) rows[r] = vmax(rows[r], load(scores + r * width + j));
    }
    store(lanes, reduce(R, true, rows) * splat(scale));

    UNROLL for (int r = 0; r < R; r++) rows[r] = splat(0);
    for (ptrdiff_t j = 0; j <= last; j += W) {
        UNROLL for (int r = 0; r < R; r++) {
            v16 e = vexp(load(scores + r * width + j) * splat(scale) - splat(lanes[r]));
            if (j == last) e = where(inside, e, splat(0));
            store(scores + r * width + j, e);
            rows[r] += e;
        }
    }
    store(lanes, splat(1.0f) / reduce(R, false, rows));

    UNROLL for (int r = 0; r < R; r++) {
        float *row = scores + r * width;
        for (ptrdiff_t j = 0; j <= last; j += W) store(row + j, load(row + j) * splat(lanes[r]));
        for (ptrdiff_t j = last + W; j < width; j += W) store(row + j, splat(0));
    }
}

// What all blocks of rows of one head share.
typedef struct {
    ptrdiff_t tokens, queries, size, width, stride, y_stride;
    const float *panels, *values;
    float *scores;
    float scale, rate;
    uint64_t key;
} head;

// R rows of one head from queries to output; C is how many vectors the registers hold beside R rows.
INLINE void attend_rows(int R, int C, const head *h, const float *q, float *y, float *probabilities, ptrdiff_t first) {
    v16 acc[16];
    for (ptrdiff_t j = 0; j < h->width; j += C * W) {
        const float *keys = h->panels + j / PANEL * PANEL * h->size + j % PANEL;
        block_product(R, C, h->size, q, h->stride, keys, PANEL, acc);
        UNROLL for (int i = 0; i < R * C; i++) store(h->scores + i / C * h->width + j + i % C * W, acc[i]);
    }
    normalize(R, h->tokens, h->width, h->scale, h->scores);
    for (int r = 0; (probabilities || h->rate > 0) && r < R; r++) {
        float *row = h->scores + r * h->width;
        if (probabilities) memcpy(probabilities + r * h->tokens, row, (size_t)h->tokens * sizeof(float));
        if (h->rate > 0) {
            uint32_t threshold = dropout_threshold(h->rate);
            float kept_scale = 1.0f / (1.0f - h->rate);
            for (ptrdiff_t j = 0; j < h->tokens; j += W)
                store(row + j, dropped(load(row + j), threshold, kept_scale, h->key, first + r * h->tokens + j));
        }
    }
    ptrdiff_t d = 0, packed = padded(h->size, W);
    for (; C == 2 && d + 2 * W <= packed; d += 2 * W) {
        block_product(R, 2, h->tokens, h->scores, h->width, h->values + d, packed, acc);
        UNROLL for (int i = 0; i < R * 2; i++)
            store_upto(y + i / 2 * h->y_stride + d + i % 2 * W, acc[i], h->size - d - i % 2 * W);
    }
    for (; d < packed; d += W) {
        block_product(R, 1, h->tokens, h->scores, h->width, h->values + d, packed, acc);
        UNROLL for (int r = 0; r < R; r++) store_upto(y + r * h->y_stride + d, acc[r], h->size - d);
    }
}

// Blocks of nearly equal height: a block of one row would spend its time waiting for its own sums.
INLINE void attend_head(const head *h, bool wide, const float *q, float *y, float *probabilities, ptrdiff_t first) {
    ptrdiff_t most = wide ? 8 : 4, blocks = (h->queries + most - 1) / most;
    for (ptrdiff_t block = 0, i = 0; block < blocks; block++) {
        ptrdiff_t rows = h->queries * (block + 1) / blocks - i;
        const float *queries = q + i * h->stride;
        float *out = y + i * h->y_stride, *kept = probabilities ? probabilities + i * h->tokens : NULL;
        ptrdiff_t index = first + i * h->tokens;
        switch (wide ? rows : rows + 8) {
        case 1: attend_rows(1, 2, h, queries, out, kept, index); break;
        case 2: attend_rows(2, 2, h, queries, out, kept, index); break;
        case 3: attend_rows(3, 2, h, queries, out, kept, index); break;
        case 4: attend_rows(4, 2, h, queries, out, kept, index); break;
        case 5: attend_rows(5, 2, h, queries, out, kept, index); break;
        case 6: attend_rows(6, 2, h, queries, out, kept, index); break;
        case 7: attend_rows(7, 2, h, queries, out, kept, index); break;
        case 8: attend_rows(8, 2, h, queries, out, kept, index); break;
        case 9: attend_rows(1, 1, h, queries, out, kept, index); break;
        case 10: attend_rows(2, 1, h, queries, out, kept, index); break;
        case 11: attend_rows(3, 1, h, queries, out, kept, index); break;
        default: attend_rows(4, 1, h, queries, out, kept, index); break;
        }
        i += rows;
    }
}

KERNEL(void, lk_attention, (
    ptrdiff_t tokens, ptrdiff_t queries, ptrdiff_t heads, ptrdiff_t size, const float *q, const float *k,
    const float *v,
    ptrdiff_t stride, float scale, float *y, ptrdiff_t y_stride, float *probabilities, float rate, uint64_t key,
    float *scratch),
    (tokens, queries, heads, size, q, k, v, stride, scale, y, y_stride, probabilities, rate, key, scratch)) {
    ptrdiff_t width = padded(tokens, PANEL);
    float *panels = scratch, *values = panels + size * width, *scores = values + tokens * padded(size, W);
    const head h = {tokens, queries, size, width, stride, y_stride, panels, values, scores, scale, rate, key};
    bool wide = has_wide_registers();
    for (ptrdiff_t i = 0; i < heads; i++) {
        ptrdiff_t at = i * size, first = i * queries * tokens;
        pack_keys(tokens, size, k + at, stride, panels);
        pack_values(tokens, size, v + at, stride, values);
        attend_head(&h, wide, q + at, y + at, probabilities ? probabilities + first : NULL, first);
    }
}
