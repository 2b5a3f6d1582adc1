#include "vector.h"

// A product x * w^T with w packed once for all calls. The packed form is a row of panels, each the weights of `panel`
// outputs, [inputs][panel], cut into blocks of DEPTH inputs: first all panels of the first block, then all of the
// second. A tile of some rows by one panel stays in registers while it runs down a block; the block of a panel comes
// from the second-level cache.
enum { DEPTH = 384, WIDE_ROWS = 14, NARROW_ROWS = 6, ROWS_AT_ONCE = 8 * WIDE_ROWS };

// Two vectors a row where a vector is one of 32 registers, else one.
ptrdiff_t lk_panel(void) { return has_wide_registers() ? 2 * W : W; }

static ptrdiff_t padded_outputs(ptrdiff_t outputs) { return (outputs + lk_panel() - 1) / lk_panel() * lk_panel(); }

ptrdiff_t lk_packed_count(ptrdiff_t inputs, ptrdiff_t outputs) { return inputs * padded_outputs(outputs); }

// Where the weight of an output and an input lies.
static ptrdiff_t packed_place(ptrdiff_t inputs, ptrdiff_t outputs, ptrdiff_t output, ptrdiff_t input) {
    ptrdiff_t panel = lk_panel(), first = input / DEPTH * DEPTH;
    ptrdiff_t depth = inputs - first < DEPTH ? inputs - first : DEPTH;
    return first * padded_outputs(outputs) + output / panel * panel * depth + (input - first) * panel + output % panel;
}

void lk_pack(
    ptrdiff_t inputs, ptrdiff_t outputs, const float *w, ptrdiff_t output_stride, ptrdiff_t input_stride,
    float *packed) {
    ptrdiff_t panel = lk_panel(), padded = padded_outputs(outputs);
    for (ptrdiff_t first = 0; first < inputs; first += DEPTH) {
        ptrdiff_t depth = inputs - first < DEPTH ? inputs - first : DEPTH;
        for (ptrdiff_t j = 0; j < padded; j += panel)
            for (ptrdiff_t k = 0; k < depth; k++)
                for (ptrdiff_t c = 0; c < panel; c++)
                    *packed++ = j + c < outputs ? w[(j + c) * output_stride + (first + k) * input_stride] : 0;
    }
}

void lk_unpack(ptrdiff_t inputs, ptrdiff_t outputs, const float *packed, float *w) {
    for (ptrdiff_t j = 0; j < outputs; j++)
        for (ptrdiff_t k = 0; k < inputs; k++) w[j * inputs + k] = packed[packed_place(inputs, outputs, j, k)];
}

// What all tiles of one call share.
typedef struct {
    ptrdiff_t depth, x_stride, y_stride;
    bool accumulate;
} product;

// y[R rows, C vectors] = x[R, depth] * panel[depth, C vectors] + bias, or is added to y. Each element is one sum from
// first to last, whatever R is, so that a row does not depend on its neighbours.
INLINE void tile(int R, int C, const product *p, const float *x, const float *panel, const float *bias, float *y) {
    v16 acc[WIDE_ROWS * 2];
    UNROLL for (int i = 0; i < R * C; i++) acc[i] = splat(0);
    for (ptrdiff_t k = 0; k < p->depth; k++) {
        v16 right[2];
        UNROLL for (int c = 0; c < C; c++) right[c] = load(panel + (k * C + c) * W);
        UNROLL for (int r = 0; r < R; r++) {
            v16 left = splat(x[r * p->x_stride + k]);
            UNROLL for (int c = 0; c < C; c++) acc[r * C + c] += left * right[c];
        }
    }
    UNROLL for (int i = 0; i < R * C; i++) {
        float *to = y + i / C * p->y_stride + i % C * W;
        v16 value = acc[i];
        if (bias) value += load(bias + i % C * W);
        if (p->accumulate) value += load(to);
        store(to, value);
    }
}

// Blocks of nearly equal height, so that none is left with a row or two.
INLINE void wide_tiles(const product *p, ptrdiff_t rows, const float *x, const float *panel, const float *bias,
    float *y) {
    ptrdiff_t blocks = (rows + WIDE_ROWS - 1) / WIDE_ROWS;
    for (ptrdiff_t block = 0, i = 0; block < blocks; block++) {
        ptrdiff_t count = rows * (block + 1) / blocks - i;
        const float *from = x + i * p->x_stride;
        float *to = y + i * p->y_stride;
        switch (count) {
        case 1: tile(1, 2, p, from, panel, bias, to); break;
        case 2: tile(2, 2, p, from, panel, bias, to); break;
        case 3: tile(3, 2, p, from, panel, bias, to); break;
        case 4: tile(4, 2, p, from, panel, bias, to); break;
        case 5: tile(5, 2, p, from, panel, bias, to); break;
        case 6: tile(6, 2, p, from, panel, bias, to); break;
        case 7: tile(7, 2, p, from, panel, bias, to); break;
        case 8: tile(8, 2, p, from, panel, bias, to); break;
        case 9: tile(9, 2, p, from, panel, bias, to); break;
        case 10: tile(10, 2, p, from, panel, bias, to); break;
        case 11: tile(11, 2, p, from, panel, bias, to); break;
        case 12: tile(12, 2, p, from, panel, bias, to); break;
        case 13: tile(13, 2, p, from, panel, bias, to); break;
        default: tile(14, 2, p, from, panel, bias, to); break;
        }
        i += count;
    }
}

INLINE void narrow_tiles(const product *p, ptrdiff_t rows, const float *x, const float *panel, const float *bias,
    float *y) {
    ptrdiff_t blocks = (rows + NARROW_ROWS - 1) / NARROW_ROWS;
    for (ptrdiff_t block = 0, i = 0; block < blocks; block++) {
        ptrdiff_t count = rows * (block + 1) / blocks - i;
        const float *from = x + i * p->x_stride;
        float *to = y + i * p->y_stride;
        switch (count) {
        case 1: tile(1, 1, p, from, panel, bias, to); break;
        case 2: tile(2, 1, p, from, panel, bias, to); break;
        case 3: tile(3, 1, p, from, panel, bias, to); break;
        case 4: tile(4, 1, p, from, panel, bias, to); break;
        case 5: tile(5, 1, p, from, panel, bias, to); break;
        default: tile(6, 1, p, from, panel, bias, to); break;
        }
        i += count;
    }
}

// One panel of which `width` outputs exist: through a buffer, where it is not whole.
INLINE void panel_product(
    bool wide, const product *p, ptrdiff_t rows, ptrdiff_t width, const float *x, const float *panel,
        const float *bias, float *y) {
    if (width == (wide ? 2 * W : W)) {
        if (wide) wide_tiles(p, rows, x, panel, bias, y);
        else narrow_tiles(p, rows, x, panel, bias, y);
        return;
    }
    float part[ROWS_AT_ONCE * 2 * W];
    const product whole = {p->depth, p->x_stride, wide ? 2 * W : W, false};
    if (wide) wide_tiles(&whole, rows, x, panel, NULL, part);
    else narrow_tiles(&whole, rows, x, panel, NULL, part);
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = 0; c < width; c++) {
            float value = part[r * whole.y_stride + c];
            if (bias) value += bias[c];
            if (p->accumulate) value += y[r * p->y_stride + c];
            y[r * p->y_stride + c] = value;
        }
}

// Rows that lie a multiple of 4 KiB apart all fall into the same lines of the first-level cache: such are copied.
enum { COPY_STRIDE = DEPTH + W };
static bool needs_copy(ptrdiff_t stride) { return stride % 1024 == 0; }

KERNEL(void, lk_packed_product, (
    ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, ptrdiff_t x_stride, const float *packed,
    const float *bias,
    bool accumulate, float *y, ptrdiff_t y_stride),
    (rows, inputs, outputs, x, x_stride, packed, bias, accumulate, y, y_stride)) {
    float copy[ROWS_AT_ONCE * COPY_STRIDE];
    bool wide = has_wide_registers(), copies = needs_copy(x_stride);
    ptrdiff_t panel = wide ? 2 * W : W, padded = (outputs + panel - 1) / panel * panel;
    for (ptrdiff_t first = 0; first < inputs; first += DEPTH) {
        ptrdiff_t depth = inputs - first < DEPTH ? inputs - first : DEPTH;
        const product p = {depth, copies ? COPY_STRIDE : x_stride, y_stride, accumulate || first > 0};
        const float *offset = first > 0 ? NULL : bias;
        for (ptrdiff_t i = 0; i < rows; i += ROWS_AT_ONCE) {
            ptrdiff_t count = rows - i < ROWS_AT_ONCE ? rows - i : ROWS_AT_ONCE;
            const float *from = x + i * x_stride + first, *weights = packed + first * padded;
            if (copies) {
                for (ptrdiff_t r = 0; r < count; r++)
                    memcpy(copy + r * COPY_STRIDE, from + r * x_stride, (size_t)depth * sizeof(float));
                from = copy;
            }
            for (ptrdiff_t j = 0; j < outputs; j += panel, weights += depth * panel) {
                ptrdiff_t width = outputs - j < panel ? outputs - j : panel;
                panel_product(wide, &p, count, width, from, weights, offset ? offset + j : NULL, y + i * y_stride + j);
            }
        }
    }
}
