#include "quantize.h"
#include "quantized_product.h"

// A code is a multiple of 1/127 of the largest weight at best. Where the products of a 16-bit lane could overflow, the
// codes of that output are made smaller until they cannot: a lane sums the products of two inputs per step, activations
// reach 255, so the positive codes of a lane may sum up to LANE_LIMIT and the negative ones too.
enum { LARGEST_CODE = 127, LANE_LIMIT = 32767 / 255, ATTEMPTS = 64 };

static ptrdiff_t padded(ptrdiff_t n, ptrdiff_t unit) { return (n + unit - 1) / unit * unit; }

ptrdiff_t lk_quantized_weight_size(ptrdiff_t inputs, ptrdiff_t outputs) {
    ptrdiff_t width = padded(outputs, PANEL);
    return width * lk_quantized_stride(inputs) + padded(width * 8 + width / PANEL, 64);
}

lk_quantized_weight lk_quantized_weight_at(ptrdiff_t inputs, ptrdiff_t outputs, void *memory) {
    ptrdiff_t width = padded(outputs, PANEL), codes = width * lk_quantized_stride(inputs);
    char *base = memory;
    return (lk_quantized_weight){inputs, outputs, (int8_t *)base, (float *)(base + codes),
        (int32_t *)(base + codes + width * 4), (uint8_t *)(base + codes + width * 8)};
}

static int8_t *place(const lk_quantized_weight *q, ptrdiff_t output, ptrdiff_t input) {
    return q->codes + output / PANEL * PANEL * lk_quantized_stride(q->inputs) + input / 4 * (PANEL * 4)
        + output % PANEL * 4 + input % 4;
}

// The largest sum of positive or of negative codes that meet in a lane when `steps` steps are summed. A step is four
// codes; the next one lies `stride` codes further.
INLINE int32_t largest_lane(ptrdiff_t count, const int8_t *codes, ptrdiff_t stride, int steps) {
    int32_t largest = 0;
    for (ptrdiff_t k = 0; k < count; k += steps)
        for (int half = 0; half < 4; half += 2) {
            int32_t positive = 0, negative = 0;
            for (int i = 0; i < 2 * steps; i++) {
                int32_t code = codes[(k + i / 2) * stride + half + i % 2];
                if (code > 0) positive += code;
                else negative -= code;
            }
            if (positive > largest) largest = positive;
            if (negative > largest) largest = negative;
        }
    return largest;
}

INLINE int32_t largest_lane_of(ptrdiff_t count, const int8_t *codes, ptrdiff_t stride, int steps) {
    switch (steps) {
    case 1: return largest_lane(count, codes, stride, 1);
    case 2: return largest_lane(count, codes, stride, 2);
    default: return largest_lane(count, codes, stride, 4);
    }
}

// How many steps of a panel may be summed: 4, 2 or 1; 0 if not even one is safe.
LOCAL_KERNEL(int, safe_steps, (const lk_quantized_weight *q, ptrdiff_t panel),
    (q, panel)) {
    ptrdiff_t depth = lk_quantized_stride(q->inputs);
    const int8_t *codes = q->codes + panel * PANEL * depth;
    int safe = 4;
    for (int c = 0; c < PANEL; c++)
        while (safe > 0 && largest_lane_of(depth / 4, codes + c * 4, PANEL * 4, safe) > LANE_LIMIT) safe /= 2;
    return safe;
}

INLINE void round_weights(ptrdiff_t inputs, const float *w, float inverse, int8_t *codes) {
    for (ptrdiff_t k = 0; k < inputs; k++) {
        float code = __builtin_rintf(w[k] * inverse);
        code = code > LARGEST_CODE ? LARGEST_CODE : code;
        codes[k] = (int8_t)(int32_t)(code < -LARGEST_CODE ? -LARGEST_CODE : code);
    }
}

// One output: w[inputs] to codes and their scale. The codes have room for a multiple of 16, zeros behind the inputs.
LOCAL_KERNEL(float, quantize_output, (ptrdiff_t inputs, const float *w, int steps, int8_t *codes),
    (inputs, w, steps, codes)) {
    float largest = 0;
    for (ptrdiff_t k = 0; k < inputs; k++) {
        float size = __builtin_fabsf(w[k]);
        largest = size > largest ? size : largest;
    }
    if (largest < smallest_range) {
        memset(codes, 0, (size_t)inputs);
        return 0;
    }
    float scale = largest / LARGEST_CODE;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        round_weights(inputs, w, 1.0f / scale, codes);
        int32_t lane = largest_lane_of((inputs + 3) / 4, codes, 4, steps);
        if (lane <= LANE_LIMIT) return scale;
        // Nearly as much larger as the lane is too large: rounding moves the sum a little.
        float excess = (float)lane / LANE_LIMIT * 0.98f;
        scale *= excess > 1.005f ? excess : 1.005f;
    }
    // With 16 codes per lane at most, a scale 16 times the first one is enough.
    scale = largest / (LANE_LIMIT / 16);
    round_weights(inputs, w, 1.0f / scale, codes);
    return scale;
}

bool lk_quantize_weight(const lk_quantized_weight *q, const float *w, int steps) {
    int8_t codes[MOST_INPUTS];
    ptrdiff_t inputs = q->inputs;
    if (inputs > MOST_INPUTS) return false;
    memset(codes, 0, sizeof codes);
    memset(q->codes, 0, (size_t)lk_quantized_weight_size(inputs, q->outputs));
    for (ptrdiff_t j = 0; j < q->outputs; j++) {
        const float *row = w + j * inputs;
        float poison = 0;
        for (ptrdiff_t k = 0; k < inputs; k++) poison += row[k] * 0.0f;
        if (poison != 0) return false;
        q->scales[j] = quantize_output(inputs, row, steps, codes);
        for (ptrdiff_t k = 0; k < inputs; k++) {
            *place(q, j, k) = codes[k];
            q->sums[j] += codes[k];
        }
    }
    for (ptrdiff_t p = 0; p * PANEL < q->outputs; p++) q->steps[p] = (uint8_t)safe_steps(q, p);
    return true;
}

void lk_dequantize_weight(const lk_quantized_weight *q, float *w) {
    for (ptrdiff_t j = 0; j < q->outputs; j++)
        for (ptrdiff_t k = 0; k < q->inputs; k++) w[j * q->inputs + k] = (float)*place(q, j, k) * q->scales[j];
}

// Whether the codes of a panel have the sums that are stored, and are zero where they only fill the panel.
LOCAL_KERNEL(bool, panel_is_valid, (const lk_quantized_weight *q, ptrdiff_t panel),
    (q, panel)) {
    enum { STEP = PANEL * 4 };
    ptrdiff_t depth = lk_quantized_stride(q->inputs);
    const int8_t *codes = q->codes + panel * PANEL * depth;
    int32_t sums[STEP] = {0};
    int8_t least[STEP] = {0}, bits[STEP] = {0};
    for (ptrdiff_t k = 0; k < depth / 4; k++)
        for (int c = 0; c < STEP; c++) {
            int8_t code = codes[k * STEP + c];
            sums[c] += code;
            least[c] = code < least[c] ? code : least[c];
            bits[c] |= code;
        }
    for (int c = 0; c < STEP; c++)
        if (least[c] < -LARGEST_CODE || (panel * PANEL + c / 4 >= q->outputs && bits[c] != 0)) return false;
    for (int j = 0; j < PANEL; j++) {
        const int32_t *parts = sums + j * 4;
        float scale = q->scales[panel * PANEL + j];
        if (parts[0] + parts[1] + parts[2] + parts[3] != q->sums[panel * PANEL + j]) return false;
        if (!(scale >= 0 && scale < __builtin_inff())) return false;
        for (ptrdiff_t k = q->inputs; k < depth; k++)
            if (codes[k / 4 * STEP + j * 4 + k % 4] != 0) return false;
    }
    return true;
}

bool lk_quantized_weight_is_valid(const lk_quantized_weight *q) {
    if (q->inputs < 1 || q->outputs < 1 || q->inputs > MOST_INPUTS) return false;
    for (ptrdiff_t p = 0; p * PANEL < q->outputs; p++)
        if (!panel_is_valid(q, p) || q->steps[p] < 1 || q->steps[p] != safe_steps(q, p)) return false;
    return true;
}
