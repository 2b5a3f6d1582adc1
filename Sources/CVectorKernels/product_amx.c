// The sums of a block with the tile registers of AMX: two tiles of 16 rows by two panels. A row of a tile holds 64
// bytes, which are 64 codes or 32 bfloat16 numbers; all else is the same for both.
#define _GNU_SOURCE
#include "bfloat16_product.h"
#include "quantized_product.h"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

// Tile registers: sums of rows and panel, codes of 16 rows, a panel's codes. Numbers, as the instructions take no
// variables.
#define SUMS_00 0
#define SUMS_01 1
#define SUMS_10 2
#define SUMS_11 3
#define UPPER_ROWS 4
#define LOWER_ROWS 5
#define FIRST_PANEL 6
#define SECOND_PANEL 7

enum { TILES = 8, TILE_ROWS = 16, TILE_BYTES = 64 };

// As the instruction reads it.
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_configuration;

#if defined(LK_EMULATE)
#define AMX
#define AMX_INLINE static inline __attribute__((always_inline))

static _Thread_local struct {
    tile_configuration configuration;
    uint8_t tiles[TILES][TILE_ROWS][TILE_BYTES];
} emulated;

static void configure(const tile_configuration *c) { emulated.configuration = *c; }
static void release(void) { memset(&emulated, 0, sizeof emulated); }
static void load_tile(int tile, const void *p, ptrdiff_t stride) {
    for (int r = 0; r < emulated.configuration.rows[tile]; r++)
        memcpy(emulated.tiles[tile][r], (const char *)p + r * stride, emulated.configuration.row_bytes[tile]);
}
static void store_tile(int tile, void *p, ptrdiff_t stride) {
    for (int r = 0; r < emulated.configuration.rows[tile]; r++)
        memcpy((char *)p + r * stride, emulated.tiles[tile][r], emulated.configuration.row_bytes[tile]);
}
static void zero_tile(int tile) { memset(emulated.tiles[tile], 0, sizeof emulated.tiles[tile]); }
static void multiply_codes(int sums, int x, int codes) {
    for (int r = 0; r < emulated.configuration.rows[sums]; r++)
        for (int c = 0; c < 16; c++) {
            int32_t sum;
            memcpy(&sum, &emulated.tiles[sums][r][c * 4], 4);
            for (int k = 0; k < 64; k++)
                sum += emulated.tiles[x][r][k] * (int8_t)emulated.tiles[codes][k / 4][c * 4 + k % 4];
            memcpy(&emulated.tiles[sums][r][c * 4], &sum, 4);
        }
}
// The even and the odd inputs of a tile are summed apart.
static void multiply_floats(int sums, int x, int weights) {
    for (int r = 0; r < emulated.configuration.rows[sums]; r++)
        for (int c = 0; c < 16; c++) {
            float sum, halves[2] = {0, 0};
            memcpy(&sum, &emulated.tiles[sums][r][c * 4], 4);
            for (int k = 0; k < 32; k++) {
                uint16_t left, right;
                memcpy(&left, &emulated.tiles[x][r][k * 2], 2);
                memcpy(&right, &emulated.tiles[weights][k / 2][c * 4 + k % 2 * 2], 2);
                halves[k % 2] = emulated_fma(widened(left), widened(right), halves[k % 2]);
            }
            sum = flushed(sum + flushed(halves[0] + halves[1]));
            memcpy(&emulated.tiles[sums][r][c * 4], &sum, 4);
        }
}
#else
#include <immintrin.h>
#define AMX __attribute__((target("amx-tile,amx-int8,amx-bf16")))
#define AMX_INLINE static inline __attribute__((always_inline, target("amx-tile,amx-int8,amx-bf16")))
#define configure _tile_loadconfig
#define release _tile_release
#define load_tile(tile, p, stride) _tile_loadd(tile, p, stride)
#define store_tile(tile, p, stride) _tile_stored(tile, p, stride)
#define zero_tile(tile) _tile_zero(tile)
#define multiply_codes(sums, x, codes) _tile_dpbusd(sums, x, codes)
#define multiply_floats(sums, x, weights) _tile_dpbf16ps(sums, x, weights)
#endif

// `kind` is a constant wherever this is inlined.
#define multiply_tiles(kind, sums, x, weights) \
    ((kind) == LK_AMX_INT8 ? multiply_codes(sums, x, weights) : multiply_floats(sums, x, weights))

bool lk_has_amx(int kind) {
#if defined(LK_EMULATE)
    return kind == LK_AMX_INT8 || kind == LK_AMX_BF16;
#else
    // Leaf 7 of CPUID: bits of EDX.
    enum { BF16_BIT = 1 << 22, TILE_BIT = 1 << 24, INT8_BIT = 1 << 25 };
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XTILE_DATA = 18 };
    unsigned a, b, c, d, needed = TILE_BIT | (kind == LK_AMX_INT8 ? INT8_BIT : BF16_BIT);
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & needed) != needed) return false;
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILE_DATA) == 0;
#endif
}

// The rows that this thread's tiles are configured for; 0 after release.
static _Thread_local ptrdiff_t configured_rows;

AMX static void configure_rows(ptrdiff_t rows) {
    tile_configuration c = {.palette = 1};
    ptrdiff_t upper = rows < TILE_ROWS ? rows : TILE_ROWS, lower = rows - upper;
    for (int tile = 0; tile < TILES; tile++) c.row_bytes[tile] = TILE_BYTES, c.rows[tile] = TILE_ROWS;
    c.rows[SUMS_00] = c.rows[SUMS_01] = c.rows[UPPER_ROWS] = (uint8_t)upper;
    // Tiles that are not used must have a height too.
    c.rows[SUMS_10] = c.rows[SUMS_11] = c.rows[LOWER_ROWS] = (uint8_t)(lower > 0 ? lower : 1);
    configure(&c);
    configured_rows = rows;
}

AMX void lk_amx_release(void) {
    if (configured_rows > 0) release();
    configured_rows = 0;
}

// What the sums of a block are computed from, whatever the 64 bytes of a step are.
typedef struct {
    ptrdiff_t rows, depth;  // of a row and of an output, in bytes
    int panels;
    const char *x, *weights;
    ptrdiff_t x_stride, panel_stride;
    void *sums;  // [rows][BLOCK_COLUMNS], 32 bits each
    bool accumulates;
} tile_block;

AMX_INLINE void multiply(int kind, bool lower, bool second, const tile_block *b) {
    enum { SUM_STRIDE = BLOCK_COLUMNS * 4, PANEL_BYTES = PANEL * 4 };
    char *sums = b->sums, *lower_sums = sums + TILE_ROWS * SUM_STRIDE;
    const char *lower_x = b->x + TILE_ROWS * b->x_stride;
    if (b->accumulates) {
        load_tile(SUMS_00, sums, SUM_STRIDE);
        if (second) load_tile(SUMS_01, sums + PANEL_BYTES, SUM_STRIDE);
        if (lower) load_tile(SUMS_10, lower_sums, SUM_STRIDE);
        if (lower && second) load_tile(SUMS_11, lower_sums + PANEL_BYTES, SUM_STRIDE);
    } else {
        zero_tile(SUMS_00), zero_tile(SUMS_01), zero_tile(SUMS_10), zero_tile(SUMS_11);
    }
    for (ptrdiff_t k = 0; k < b->depth; k += TILE_BYTES) {
        load_tile(FIRST_PANEL, b->weights + k * PANEL, TILE_BYTES);
        if (second) load_tile(SECOND_PANEL, b->weights + b->panel_stride + k * PANEL, TILE_BYTES);
        load_tile(UPPER_ROWS, b->x + k, b->x_stride);
        multiply_tiles(kind, SUMS_00, UPPER_ROWS, FIRST_PANEL);
        if (second) multiply_tiles(kind, SUMS_01, UPPER_ROWS, SECOND_PANEL);
        if (lower) {
            load_tile(LOWER_ROWS, lower_x + k, b->x_stride);
            multiply_tiles(kind, SUMS_10, LOWER_ROWS, FIRST_PANEL);
            if (second) multiply_tiles(kind, SUMS_11, LOWER_ROWS, SECOND_PANEL);
        }
    }
    store_tile(SUMS_00, sums, SUM_STRIDE);
    if (second) store_tile(SUMS_01, sums + PANEL_BYTES, SUM_STRIDE);
    if (lower) store_tile(SUMS_10, lower_sums, SUM_STRIDE);
    if (lower && second) store_tile(SUMS_11, lower_sums + PANEL_BYTES, SUM_STRIDE);
}

AMX_INLINE void sum_tiles(int kind, const tile_block *b) {
    if (configured_rows != b->rows) configure_rows(b->rows);
    bool second = b->panels == 2;
    if (b->rows > TILE_ROWS) {
        if (second) multiply(kind, true, true, b);
        else multiply(kind, true, false, b);
    } else {
        if (second) multiply(kind, false, true, b);
        else multiply(kind, false, false, b);
    }
}

AMX static void int8_sums(const lk_int8_block *b) {
    tile_block t = {
        .rows = b->rows, .depth = b->depth, .panels = b->panels, .x = (const char *)b->x,
        .weights = (const char *)b->codes, .x_stride = b->x_stride, .panel_stride = b->panel_stride, .sums = b->sums,
        .accumulates = b->accumulates};
    sum_tiles(LK_AMX_INT8, &t);
}

AMX static void bf16_sums(const lk_bf16_block *b) {
    tile_block t = {
        .rows = b->rows, .depth = b->depth * 2, .panels = b->panels, .x = (const char *)b->x,
        .weights = (const char *)b->weights, .x_stride = b->x_stride * 2, .panel_stride = b->panel_stride * 2,
        .sums = b->sums, .accumulates = b->accumulates};
    sum_tiles(LK_AMX_BF16, &t);
}

lk_int8_sums *const lk_int8_sums_amx = int8_sums;
lk_bf16_sums *const lk_bf16_sums_amx = bf16_sums;

#else

lk_int8_sums *const lk_int8_sums_amx = 0;
lk_bf16_sums *const lk_bf16_sums_amx = 0;
bool lk_has_amx(int kind) { return false; }
void lk_amx_release(void) {}

#endif
