// The tiles of a product with 512-bit registers, included once by each kind of product, which defines before:
//
//     TILE_INLINE    how its functions are inlined, and for which CPU
//     tile_block     what the sums of a block are computed from; `rows`, `panels`, `depth`, `x` and `sums` of it
//     tile_input     the type of x, and how many of them are one 32-bit number: TILE_STEP
//     tile_sum       the type of the sums
//     tile_weights   the weights of a block
//     has_outputs    whether the sums of a tile become outputs at once, by finish_tile
//     wide, operand  a register of sums, and one of factors, with load_wide, store_wide, zero_wide, load_operand,
//                    splat_operand and dot
#include "product_block.h"

// With two panels, 22 registers hold sums. A block of 32 rows is three tiles.
enum { TILE_ROWS = 11 };

TILE_INLINE void tile(int R, int C, const tile_block *b, ptrdiff_t row) {
    wide acc[TILE_ROWS * 2];
    const tile_input *x = b->x + row * b->x_stride;
    tile_sum *sums = b->sums + row * BLOCK_COLUMNS;
    UNROLL_ALL for (int i = 0; i < R * C; i++)
        acc[i] = b->accumulates ? load_wide(sums + i / C * BLOCK_COLUMNS + i % C * PANEL) : zero_wide();
    for (ptrdiff_t k = 0; k < b->depth; k += TILE_STEP) {
        operand weights[2];
        UNROLL_ALL for (int c = 0; c < C; c++)
            weights[c] = load_operand(tile_weights(b) + c * b->panel_stride + k * PANEL);
        UNROLL_ALL for (int r = 0; r < R; r++) {
            operand four = splat_operand(four_bytes(x + r * b->x_stride + k));
            UNROLL_ALL for (int c = 0; c < C; c++) acc[r * C + c] = dot(acc[r * C + c], four, weights[c]);
        }
    }
    if (has_outputs(b)) return finish_tile(R, C, b, row, acc);
    UNROLL_ALL for (int i = 0; i < R * C; i++) store_wide(sums + i / C * BLOCK_COLUMNS + i % C * PANEL, acc[i]);
}

// Tiles of nearly equal height, so that none is left with a row or two.
TILE_INLINE void tiles(int C, const tile_block *b) {
    ptrdiff_t count = (b->rows + TILE_ROWS - 1) / TILE_ROWS;
    for (ptrdiff_t t = 0, row = 0; t < count; t++) {
        ptrdiff_t rows = b->rows * (t + 1) / count - row;
        switch (rows) {
        case 1: tile(1, C, b, row); break;
        case 2: tile(2, C, b, row); break;
        case 3: tile(3, C, b, row); break;
        case 4: tile(4, C, b, row); break;
        case 5: tile(5, C, b, row); break;
        case 6: tile(6, C, b, row); break;
        case 7: tile(7, C, b, row); break;
        case 8: tile(8, C, b, row); break;
        case 9: tile(9, C, b, row); break;
        case 10: tile(10, C, b, row); break;
        default: tile(11, C, b, row); break;
        }
        row += rows;
    }
}

TILE_INLINE void all_tiles(const tile_block *b) {
    if (b->panels == 2) tiles(2, b);
    else tiles(1, b);
}
