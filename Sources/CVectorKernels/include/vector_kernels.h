// The loops of `Kernels` that the compiler must vectorize for the CPU that runs them.
// Every matrix is row-major; a stride is the distance between two rows, in elements.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What the CPU is and how the calling thread rounds.
bool lk_has_avx512(void);
const char *lk_instruction_set(void);
void lk_enable_flush_to_zero(void);
bool lk_flushes_to_zero(void);

// y = act(x + bias); bias may be NULL. dx (+)= dy * act'(x).
enum { LK_GELU_ERF = 0, LK_GELU_TANH = 1, LK_RELU = 2, LK_TANH = 3 };
void lk_activate(int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *bias,
    float *y, ptrdiff_t y_stride);
void lk_activate_backward(int kind, ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride,
    const float *dy, ptrdiff_t dy_stride, float *dx, ptrdiff_t dx_stride, bool accumulate);

// y = normalize(x + residual) * gamma + beta; sum, means and inverses may be NULL.
void lk_layer_norm(ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, const float *residual,
    ptrdiff_t residual_stride, const float *gamma, const float *beta, float epsilon, float *y, ptrdiff_t y_stride,
    float *sum, ptrdiff_t sum_stride, float *means, float *inverses);
void lk_layer_norm_backward(ptrdiff_t rows, ptrdiff_t columns, const float *sum, ptrdiff_t sum_stride,
    const float *means, const float *inverses, const float *gamma, const float *dy, ptrdiff_t dy_stride, float *dx,
    ptrdiff_t dx_stride, bool accumulate, float *dgamma, float *dbeta);

// y[i] = words[ids[i]] + positions[i] + type; every id must be within the table.
void lk_embed(ptrdiff_t tokens, ptrdiff_t columns, const int32_t *ids, const float *words, const float *positions,
    const float *type, float *y, ptrdiff_t y_stride);

// t = x * a^T, y += scale * t * b^T and their gradients.
void lk_low_rank_down(ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t rank, const float *x, ptrdiff_t x_stride,
    const float *a, float *t, ptrdiff_t t_stride);
void lk_low_rank_up(ptrdiff_t rows, ptrdiff_t rank, ptrdiff_t outputs, const float *t, ptrdiff_t t_stride,
    const float *b, bool b_transposed, float scale, float *y, ptrdiff_t y_stride);

// y = x * w^T + bias, or is added to y, with w packed. lk_panel() outputs make a panel; a weight lies at output *
// output_stride + input * input_stride.
ptrdiff_t lk_panel(void);
ptrdiff_t lk_packed_count(ptrdiff_t inputs, ptrdiff_t outputs);
void lk_pack(ptrdiff_t inputs, ptrdiff_t outputs, const float *w, ptrdiff_t output_stride, ptrdiff_t input_stride,
    float *packed);
void lk_unpack(ptrdiff_t inputs, ptrdiff_t outputs, const float *packed, float *w);
void lk_packed_product(ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, ptrdiff_t x_stride,
    const float *packed, const float *bias, bool accumulate, float *y, ptrdiff_t y_stride);

// All heads of one sequence: `queries` rows of q against `tokens` rows of k and v.
ptrdiff_t lk_attention_scratch(ptrdiff_t tokens, ptrdiff_t head_size);
void lk_attention(ptrdiff_t tokens, ptrdiff_t queries, ptrdiff_t heads, ptrdiff_t head_size, const float *q,
    const float *k, const float *v, ptrdiff_t stride, float scale, float *y, ptrdiff_t y_stride, float *probabilities,
    float drop_rate, uint64_t drop_key, float *scratch);
void lk_softmax_backward(ptrdiff_t rows, ptrdiff_t columns, const float *p, ptrdiff_t p_stride, const float *dp,
    ptrdiff_t dp_stride, float scale, float *dx, ptrdiff_t dx_stride);
void lk_softmax(ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, float scale, float *y,
    ptrdiff_t y_stride);

// y (+)= x * mask / (1 - rate); the mask is a pure function of key and index.
void lk_dropout(ptrdiff_t rows, ptrdiff_t columns, float rate, uint64_t key, const float *x, ptrdiff_t x_stride,
    float *y, ptrdiff_t y_stride, bool accumulate);

void lk_dropout_at(ptrdiff_t count, float rate, uint64_t key, ptrdiff_t first, const float *x, float *y);

void lk_fill_rows(ptrdiff_t rows, ptrdiff_t columns, const float *row, float *y, ptrdiff_t y_stride);
void lk_column_sums(ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, float *sums);
void lk_axpy(ptrdiff_t count, float alpha, const float *x, float *y);
void lk_scale(ptrdiff_t count, float alpha, float *x);
double lk_squared_norm(ptrdiff_t count, const float *x);
void lk_transpose(ptrdiff_t rows, ptrdiff_t columns, const float *x, ptrdiff_t x_stride, float *y, ptrdiff_t y_stride);
void lk_adamw(ptrdiff_t count, float *values, const float *gradient, float *first, float *second, float rate,
    float beta1, float beta2, float epsilon, float decay, float correction1, float correction2);

// The functions themselves, element by element, for tests.
void lk_exp(ptrdiff_t count, const float *x, float *y);
void lk_erf(ptrdiff_t count, const float *x, float *y);
void lk_tanh(ptrdiff_t count, const float *x, float *y);
