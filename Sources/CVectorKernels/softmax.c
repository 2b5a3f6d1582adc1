#include "vector.h"

KERNEL(void, lk_softmax, (
    ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, float scale, float *y, ptrdiff_t y_stride),
    (rows, columns, x, x_stride, scale, y, y_stride)) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const float *from = x + row * x_stride;
        float *to = y + row * y_stride;
        float top = from[0] * scale;
        for (ptrdiff_t j = 1; j < columns; j++) top = from[j] * scale > top ? from[j] * scale : top;
        v16 total = 0;
        for (ptrdiff_t j = 0; j < columns; j += W) {
            ptrdiff_t left = columns - j;
            v16 e = vexp(load_upto(from + j, left) * splat(scale) - splat(top));
            if (left < W) e = where(lane_index() < (i16)(int32_t)left, e, splat(0));
            store_upto(to + j, e, left);
            total += e;
        }
        v16 share = splat(1.0f / sum(total));
        for (ptrdiff_t j = 0; j < columns; j += W) {
            ptrdiff_t left = columns - j;
            store_upto(to + j, load_upto(to + j, left) * share, left);
        }
    }
}

KERNEL(void, lk_softmax_backward, (
    ptrdiff_t rows, ptrdiff_t columns, const float *p, ptrdiff_t p_stride, const float *dp, ptrdiff_t dp_stride,
    float scale,
    float *dx, ptrdiff_t dx_stride),
    (rows, columns, p, p_stride, dp, dp_stride, scale, dx, dx_stride)) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        const float *pr = p + row * p_stride, *dpr = dp + row * dp_stride;
        float *to = dx + row * dx_stride;
        v16 total = 0;
        for (ptrdiff_t j = 0; j < columns; j += W)
            total += load_upto(pr + j, columns - j) * load_upto(dpr + j, columns - j);
        v16 mean = splat(sum(total));
        for (ptrdiff_t j = 0; j < columns; j += W) {
            ptrdiff_t left = columns - j;
            store_upto(to + j, splat(scale) * load_upto(pr + j, left) * (load_upto(dpr + j, left) - mean), left);
        }
    }
}
