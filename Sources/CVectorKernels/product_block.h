// What the products of integers and of bfloat16 share: the layout of the packed weights and of a block of sums.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// The outputs of a panel, and the blocks of a product: at most BLOCK_ROWS rows by one or two panels. The sums of a
// block stay in the first-level cache until all inputs are added.
enum { PANEL = 16, BLOCK_ROWS = 32, BLOCK_COLUMNS = 2 * PANEL };

#define UNROLL_ALL _Pragma("clang loop unroll(full)")

// Neighbours of a row, four codes or two numbers of bfloat16, as one 32-bit number.
static inline __attribute__((always_inline)) int32_t four_bytes(const void *p) {
    int32_t four;
    memcpy(&four, p, 4);
    return four;
}

// Fetches the lines of y that a block will write, while its sums are computed: they lie far apart, so that no hardware
// would foresee them.
static inline void expect_block(ptrdiff_t rows, ptrdiff_t outputs, float *y, ptrdiff_t y_stride) {
    for (ptrdiff_t r = 0; r < rows; r++) {
        __builtin_prefetch(y + r * y_stride, 1);
        __builtin_prefetch(y + r * y_stride + (outputs < PANEL ? 0 : PANEL), 1);
    }
}

// Whether this CPU has tile registers, and products of this kind with them, and the kernel lets the process use them.
enum { LK_AMX_INT8 = 0, LK_AMX_BF16 = 1 };
bool lk_has_amx(int kind);

// AMX holds state of the thread between blocks, which is given back after the last one.
void lk_amx_release(void);
