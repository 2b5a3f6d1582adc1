// Runs every function of CVectorKernels on random numbers and shapes, for one instruction level; or compares the
// results of two levels.
//
//     levels run SEED FILE         writes one record per result: its name, the number of floats, its scale, the floats
//     levels compare FILE FILE     prints the largest deviation of each function; the exit status is 1 if one exceeds
//                                  1e-5 of the result's largest value or scale, or if products of integers, the
//                                  portable product of bfloat16, and quantized or rounded rows are not equal bit by bit
//
// `run` also compares all levels of the integer products within the program, and holds those of the bfloat16 products
// against their bound; with LK_EMULATE, those of other CPUs too.
// All numbers follow from the seed, so every level writes its records in the same order.
#include "bfloat16_kernels.h"
#include "quantized_kernels.h"
#include "vector_kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ptrdiff_t lengths[] = {1, 7, 16, 33, 64, 383};
static uint64_t state;
static FILE *out;

static uint64_t bits(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static ptrdiff_t length(void) { return bits() % 3 ? lengths[bits() % 6] : 1 + (ptrdiff_t)(bits() % 130); }

// Aligned as packed weights must be. Freed when the program ends.
static float *memory(ptrdiff_t count) {
    void *p64 = NULL;
    if (posix_memalign(&p64, 64, (size_t)count * 4)) exit(2);
    float *p = p64;
    for (ptrdiff_t i = 0; i < count; i++) p[i] = 0;
    return p;
}

static float *numbers(ptrdiff_t count, float bound) {
    float *p = memory(count);
    for (ptrdiff_t i = 0; i < count; i++) p[i] = ((float)(bits() >> 40) / (1 << 23) - 1) * bound;
    return p;
}

// The scale is the size of the summands. Where they cancel, as in GELU of -5, the result is nothing but rounding.
static void record_of_scale(const char *name, const float *values, ptrdiff_t count, float scale) {
    fprintf(out, "%s %td %a\n", name, count, (double)scale);
    fwrite(values, sizeof(float), (size_t)count, out);
}

static void record(const char *name, const float *values, ptrdiff_t count) { record_of_scale(name, values, count, 0); }

// Bit by bit, NaN included.
static void record_exactly(const char *name, const void *values, ptrdiff_t count) {
    record_of_scale(name, values, count, -1);
}

static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "%s\n", what);
    exit(3);
}

static lk_quantized_rows quantized_rows(ptrdiff_t rows, ptrdiff_t columns) {
    ptrdiff_t stride = lk_quantized_stride(columns);
    return (lk_quantized_rows){(uint8_t *)memory(rows * stride / 4), stride, memory(rows), (int32_t *)memory(rows)};
}

// The codes of two sets of rows, and how they are to be read.
static bool equal_rows(ptrdiff_t rows, const lk_quantized_rows *a, const lk_quantized_rows *b) {
    return memcmp(a->codes, b->codes, (size_t)(rows * a->stride)) == 0
        && memcmp(a->scales, b->scales, (size_t)rows * 4) == 0 && memcmp(a->zeros, b->zeros, (size_t)rows * 4) == 0;
}

// Rows of every kind: of zeros, with one huge value, subnormal, constant, or just numbers.
static float *awkward_rows(ptrdiff_t rows, ptrdiff_t columns) {
    float *x = numbers(rows * columns, 3);
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j++) {
            float *value = x + i * columns + j;
            switch (i % 8) {
            case 1: *value = 0; break;
            case 2: *value *= 1e-42f; break;
            case 3: *value = j == 0 ? 1e38f : *value; break;
            case 4: *value = 0.25f; break;
            case 5: *value = fabsf(*value); break;
            default: break;
            }
        }
    return x;
}

static void quantized(void) {
    ptrdiff_t rows = 1 + (ptrdiff_t)(bits() % 70), columns = length(), outputs = length(), count = rows * columns;
    float *x = awkward_rows(rows, columns), *y = memory(count);
    lk_quantized_rows q = quantized_rows(rows, columns), again = quantized_rows(rows, columns);
    require(lk_quantize_rows(rows, columns, x, columns, &q), "finite rows are refused");
    record_exactly("quantize_rows", q.codes, rows * q.stride / 4), record_exactly("quantize_rows", q.scales, rows);

    float *residual = numbers(count, 1), *gamma = numbers(columns, 1), *beta = numbers(columns, 1);
    float *narrow = numbers(count, 5);
    lk_layer_norm_quantized(
        rows, columns, narrow, columns, residual, columns, gamma, beta, 1e-5f, y, columns, &again);
    record("layer_norm_quantized", y, count);
    lk_quantized_rows plain = quantized_rows(rows, columns);
    lk_quantize_rows(rows, columns, y, columns, &plain);
    require(equal_rows(rows, &plain, &again), "layer_norm_quantized differs from quantize_rows");
    for (int kind = LK_GELU_ERF; kind <= LK_TANH; kind++) {
        lk_activate_quantized(kind, rows, columns, narrow, columns, beta, y, columns, &plain);
        lk_activate_quantized(kind, rows, columns, narrow, columns, beta, NULL, 0, &again);
        require(equal_rows(rows, &plain, &again), "activate_quantized differs without floats");
        record_of_scale("activate_quantized", y, count, 1);
    }

    // Levels that the compiler has emulate one another: their sums are equal, and so is what follows from them.
    float *w = numbers(outputs * columns, 1), *bias = numbers(outputs, 1), *before = numbers(rows * outputs, 1);
    int steps = 1 << bits() % 3;
    void *block = memory(lk_quantized_weight_size(columns, outputs) / 4);
    lk_quantized_weight weight = lk_quantized_weight_at(columns, outputs, block);
    require(lk_quantize_weight(&weight, w, steps), "finite weights are refused");
    require(lk_quantized_weight_is_valid(&weight), "a weight is not valid");
    record_exactly("quantize_weight", block, lk_quantized_weight_size(columns, outputs) / 4);
    float *expected = memory(rows * outputs), *result = memory(rows * outputs);
    bool accumulate = bits() % 2;
    for (int level = LK_INT8_PORTABLE; level < LK_INT8_LEVELS; level++) {
        if (!lk_has_int8(level)) continue;
        float *to = level == LK_INT8_PORTABLE ? expected : result;
        memcpy(to, before, (size_t)(rows * outputs) * 4);
        lk_quantized_product(level, rows, &q, &weight, bias, accumulate, to, outputs);
        if (level == LK_INT8_PORTABLE) continue;
        require(memcmp(expected, result, (size_t)(rows * outputs) * 4) == 0, "levels of integer products differ");
    }
    record_exactly("quantized_product", expected, rows * outputs);
}

static lk_bf16_rows rounded_rows(ptrdiff_t rows, ptrdiff_t columns) {
    ptrdiff_t stride = lk_bf16_stride(columns);
    return (lk_bf16_rows){(uint16_t *)numbers(rows * stride / 2, 1), stride};
}

static bool equal_rounded(ptrdiff_t rows, const lk_bf16_rows *a, const lk_bf16_rows *b) {
    return memcmp(a->values, b->values, (size_t)(rows * a->stride) * 2) == 0;
}

// Whether y is the product of the rounded x and w within the bound that bfloat16_kernels.h states.
static bool is_within_bound(ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, const float *w,
    const float *bias, const float *before, const float *y) {
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < outputs; j++) {
            double exact = bias ? bias[j] : 0, size = fabs(exact);
            if (before) exact += before[i * outputs + j], size += fabs(before[i * outputs + j]);
            for (ptrdiff_t k = 0; k < inputs; k++) {
                double term = (double)x[i * inputs + k] * w[j * inputs + k];
                exact += term, size += fabs(term);
            }
            double bound = (double)(inputs + 2) * (0x1p-23 * size + 0x1p-125);
            if (!(fabs(y[i * outputs + j] - exact) <= bound)) return false;
        }
    return true;
}

static void rounded_products(ptrdiff_t rows, ptrdiff_t inputs, const lk_bf16_rows *x) {
    // Some weights are as small as the products of small numbers need to be flushed to zero.
    ptrdiff_t outputs = length();
    float *w = numbers(outputs * inputs, 1), *numbers_before = numbers(rows * outputs, 1);
    for (ptrdiff_t i = 0; i < outputs * inputs; i++) w[i] *= bits() % 8 ? 1 : 1e-37f;
    const float *bias = bits() % 4 ? numbers(outputs, 1) : NULL;
    lk_bf16_weight weight = {inputs, outputs, (uint16_t *)numbers(lk_bf16_weight_size(inputs, outputs) / 4, 1)};
    require(lk_round_weight(&weight, w, inputs, 1), "finite weights are refused");
    record_exactly("round_weight", weight.values, lk_bf16_weight_size(inputs, outputs) / 4);
    float *wide_x = memory(rows * inputs);
    lk_widen_rows(rows, inputs, x, wide_x, inputs);
    lk_widen_weight(&weight, w);
    bool accumulate = bits() % 2;
    for (int level = LK_BF16_PORTABLE; level < LK_BF16_LEVELS; level++) {
        if (!lk_has_bf16(level)) continue;
        float *y = memory(rows * outputs);
        memcpy(y, numbers_before, (size_t)(rows * outputs) * 4);
        lk_bf16_product(level, rows, x, &weight, bias, accumulate, y, outputs);
        require(is_within_bound(rows, inputs, outputs, wide_x, w, bias, accumulate ? numbers_before : NULL, y),
            "a product of bfloat16 exceeds its bound");
        if (level == LK_BF16_PORTABLE) record_exactly("bf16_product", y, rows * outputs);
    }
}

static void rounded(void) {
    ptrdiff_t rows = 1 + (ptrdiff_t)(bits() % 70), columns = length() * (bits() % 4 ? 1 : 3), count = rows * columns;
    float *x = awkward_rows(rows, columns), *y = memory(count), *beta = numbers(columns, 1);
    lk_bf16_rows plain = rounded_rows(rows, columns), again = rounded_rows(rows, columns);
    require(lk_round_rows(rows, columns, x, columns, &plain), "finite rows are refused");
    record_exactly("round_rows", plain.values, rows * plain.stride / 2);
    rounded_products(rows, columns, &plain);

    float *residual = numbers(count, 1), *gamma = numbers(columns, 1), *narrow = numbers(count, 5);
    lk_layer_norm_rounded(rows, columns, narrow, columns, residual, columns, gamma, beta, 1e-5f, y, columns, &again);
    record("layer_norm_rounded", y, count);
    lk_round_rows(rows, columns, y, columns, &plain);
    require(equal_rounded(rows, &plain, &again), "layer_norm_rounded differs from round_rows");
    for (int kind = LK_GELU_ERF; kind <= LK_TANH; kind++) {
        lk_activate_rounded(kind, rows, columns, narrow, columns, beta, y, columns, &plain);
        lk_activate_rounded(kind, rows, columns, narrow, columns, beta, NULL, 0, &again);
        require(equal_rounded(rows, &plain, &again), "activate_rounded differs without floats");
        lk_round_rows(rows, columns, y, columns, &again);
        require(equal_rounded(rows, &plain, &again), "activate_rounded differs from round_rows");
        record_of_scale("activate_rounded", y, count, 1);
    }
}

static void embed_quantized(void) {
    ptrdiff_t tokens = length(), columns = length();
    float *words = numbers(50 * columns, 1), *positions = numbers(tokens * columns, 1), *y = memory(tokens * columns);
    int8_t *codes = (int8_t *)memory((50 * columns + 3) / 4);
    float *scales = memory(50);
    int32_t *ids = (int32_t *)memory(tokens);
    for (ptrdiff_t i = 0; i < tokens; i++) ids[i] = (int32_t)(bits() % 50);
    require(lk_quantize_table(50, columns, words, codes, scales), "a finite table is refused");
    lk_embed_quantized(tokens, columns, ids, codes, scales, positions, bits() % 2 ? words : NULL, y, columns);
    record_exactly("embed_quantized", y, tokens * columns);
}

static void rows_and_columns(void) {
    ptrdiff_t rows = 1 + (ptrdiff_t)(bits() % 9), columns = length(), count = rows * columns;
    float *x = numbers(count, 6), *dy = numbers(count, 1), *row = numbers(columns, 1), *other = numbers(columns, 1),
        *y = memory(count);
    for (int kind = LK_GELU_ERF; kind <= LK_TANH; kind++) {
        lk_activate(kind, rows, columns, x, columns, row, y, columns), record_of_scale("activate", y, count, 1);
        lk_activate_backward(kind, rows, columns, x, columns, dy, columns, y, columns, true),
            record_of_scale("activate_backward", y, count, 1);
    }
    float *sum = memory(count), *means = memory(rows), *inverses = memory(rows), *gradient = memory(2 * columns);
    lk_layer_norm(rows, columns, x, columns, dy, columns, row, other, 1e-5f, y, columns, sum, columns, means, inverses);
    record("layer_norm", y, count);
    // One column has no variance, and two always become -1 and 1, so that their gradient is nothing but rounding.
    if (columns > 2) {
        float scale = 0;
        for (ptrdiff_t i = 0; i < rows; i++) scale = fmaxf(scale, inverses[i]);
        lk_layer_norm_backward(rows, columns, sum, columns, means, inverses, row, dy, columns, y, columns, false,
            gradient, gradient + columns);
        record_of_scale("layer_norm_backward", y, count, scale), record("layer_norm_backward", gradient, 2 * columns);
    }
    lk_softmax(rows, columns, x, columns, 0.7f, y, columns), record("softmax", y, count);
    lk_softmax_backward(rows, columns, y, columns, dy, columns, 0.7f, sum, columns), record("softmax_backward", sum,
        count);
    lk_dropout(rows, columns, 0.3f, bits(), x, columns, y, columns, true), record("dropout", y, count);
    lk_fill_rows(rows, columns, row, y, columns), lk_column_sums(rows, columns, x, columns, other),
        record("column_sums", other, columns);
    lk_axpy(count, 0.5f, x, y), lk_scale(count, -3, y), record("axpy", y, count);
    lk_transpose(rows, columns, x, columns, y, rows), record("transpose", y, count);
    float norm = (float)lk_squared_norm(count, x);
    record("squared_norm", &norm, 1);
    float *first = numbers(count, 0.1f), *second = numbers(count, 0.1f);
    for (ptrdiff_t i = 0; i < count; i++) second[i] *= second[i];
    lk_adamw(count, x, dy, first, second, 0.01f, 0.9f, 0.999f, 1e-8f, 0.1f, 0.5f, 0.01f);
    record("adamw", x, count), record("adamw", first, count), record("adamw", second, count);
}

static void products(void) {
    ptrdiff_t rows = length(), inputs = length(), outputs = length(), rank = 1 + (ptrdiff_t)(bits() % 64);
    float *x = numbers(rows * inputs, 1), *w = numbers(outputs * inputs, 1), *bias = numbers(outputs, 1),
        *y = numbers(rows * outputs, 1);
    float *packed = memory(lk_packed_count(inputs, outputs));
    lk_pack(inputs, outputs, w, inputs, 1, packed);
    lk_packed_product(rows, inputs, outputs, x, inputs, packed, bias, true, y, outputs), record("packed_product", y,
        rows * outputs);
    float *a = numbers(rank * inputs, 1), *b = numbers(outputs * rank, 1), *down = memory(rows * rank);
    lk_low_rank_down(rows, inputs, rank, x, inputs, a, down, rank), record("low_rank_down", down, rows * rank);
    lk_low_rank_up(rows, rank, outputs, down, rank, b, false, 0.5f, y, outputs), record("low_rank_up", y,
        rows * outputs);
    lk_low_rank_up(rows, rank, outputs, down, rank, b, true, 0.5f, y, outputs), record("low_rank_up", y,
        rows * outputs);
}

// Beside floats. Products of the scores are rounded twice by 2^-9, so a score of s changes by 2^-8 of the sum of its
// products' sizes at most, and an exponential by as much.
static void attention_in_bfloat16(
    ptrdiff_t tokens, ptrdiff_t queries, ptrdiff_t heads, ptrdiff_t size, const float *x) {
    if (!lk_has_bf16_attention()) return;
    ptrdiff_t columns = heads * size;
    float *narrow = memory(tokens * 3 * columns), *y = memory(queries * columns), *expected = memory(queries * columns);
    for (ptrdiff_t i = 0; i < tokens * 3 * columns; i++) narrow[i] = x[i] / 2;
    float scale = 1 / (float)size;
    lk_attention(tokens, queries, heads, size, narrow, narrow + columns, narrow + 2 * columns, 3 * columns, scale,
        expected, columns, NULL, 0, 0, memory(lk_attention_scratch(tokens, size)));
    lk_bf16_attention(tokens, queries, heads, size, narrow, narrow + columns, narrow + 2 * columns, 3 * columns, scale,
        y, columns, memory(lk_bf16_attention_scratch(tokens, size)));
    for (ptrdiff_t i = 0; i < queries * columns; i++)
        require(fabsf(y[i] - expected[i]) < 0.03f, "attention in bfloat16 is far from that in float");
}

static void attention(void) {
    ptrdiff_t tokens = length(), heads = 1 + (ptrdiff_t)(bits() % 3), size = 1 + (ptrdiff_t)(bits() % 70),
        columns = heads * size;
    ptrdiff_t queries = 1 + (ptrdiff_t)(bits() % (uint64_t)tokens), kept = heads * queries * tokens;
    float *x = numbers(tokens * 3 * columns, 2), *y = memory(queries * columns), *probabilities = memory(kept);
    float *scratch = memory(lk_attention_scratch(tokens, size));
    float rate = bits() % 2 ? 0.2f : 0;
    lk_attention(tokens, queries, heads, size, x, x + columns, x + 2 * columns, 3 * columns, 1 / sqrtf((float)size),
        y, columns, probabilities, rate, bits(), scratch);
    record("attention", y, queries * columns), record("attention", probabilities, kept);
    attention_in_bfloat16(tokens, queries, heads, size, x);
}

static void embed(void) {
    ptrdiff_t tokens = length(), columns = length();
    float *words = numbers(50 * columns, 1), *positions = numbers(tokens * columns, 1), *y = memory(tokens * columns);
    int32_t *ids = (int32_t *)memory(tokens);
    for (ptrdiff_t i = 0; i < tokens; i++) ids[i] = (int32_t)(bits() % 50);
    lk_embed(tokens, columns, ids, words, positions, bits() % 2 ? words : NULL, y, columns), record("embed", y,
        tokens * columns);
}

static int run(const char *seed, const char *path) {
    state = strtoull(seed, NULL, 10);
    out = fopen(path, "wb");
    if (out == NULL) return 2;
    for (int round = 0; round < 60; round++) {
        rows_and_columns(), products(), attention(), embed();
        quantized(), embed_quantized(), rounded();
    }
    return fclose(out) == 0 ? 0 : 2;
}

static int compare(const char *one, const char *other) {
    FILE *files[2] = {fopen(one, "rb"), fopen(other, "rb")};
    if (files[0] == NULL || files[1] == NULL) return 2;
    char names[2][64];
    char functions[64][64];
    double worst[64];
    int functionCount = 0, records = 0;
    ptrdiff_t counts[2];
    double scales[2];
    while (fscanf(files[0], "%63s %td %la", names[0], &counts[0], &scales[0]) == 3) {
        if (fscanf(files[1], "%63s %td %la", names[1], &counts[1], &scales[1]) != 3 || counts[0] != counts[1]
            || strcmp(names[0], names[1])) return 2;
        float *values[2];
        for (int side = 0; side < 2; side++) {
            values[side] = memory(counts[0]);
            if (fgetc(files[side]) != '\n' || fread(values[side], 4, (size_t)counts[0],
                files[side]) != (size_t)counts[0]) return 2;
        }
        double largest = scales[0], difference = 0;
        bool is_exact = largest < 0;
        if (is_exact) difference = memcmp(values[0], values[1], (size_t)counts[0] * 4) == 0 ? 0 : INFINITY;
        for (ptrdiff_t i = 0; i < counts[0] && !is_exact; i++) {
            double a = values[0][i], b = values[1][i];
            if (!isfinite(a) || !isfinite(b)) return 2;
            largest = fmax(largest, fabs(a)), difference = fmax(difference, fabs(a - b));
        }
        free(values[0]), free(values[1]);
        int place = 0;
        while (place < functionCount && strcmp(functions[place], names[0])) place++;
        if (place == 64) return 2;
        if (place == functionCount) strcpy(functions[functionCount++], names[0]), worst[place] = 0;
        worst[place] = fmax(worst[place], largest > 0 ? difference / largest : difference);
        records++;
    }
    int failed = records == 0;
    for (int place = 0; place < functionCount; place++) {
        printf("  %.1e  %s\n", worst[place], functions[place]);
        if (!(worst[place] <= 1e-5)) failed = 1;
    }
    return failed;
}

int main(int count, char **arguments) {
    if (count == 4 && strcmp(arguments[1], "run") == 0) return run(arguments[2], arguments[3]);
    if (count == 4 && strcmp(arguments[1], "compare") == 0) return compare(arguments[2], arguments[3]);
    return 64;
}
