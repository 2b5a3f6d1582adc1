// The sums of a block with 512-bit registers, by AVX-512 BF16.
#include "avx512_bf16.h"
#include "bfloat16_product.h"

#if defined(__x86_64__)

typedef lk_bf16_block tile_block;
typedef uint16_t tile_input;
typedef float tile_sum;
enum { TILE_STEP = 2 };
TILE_INLINE const uint16_t *tile_weights(const tile_block *b) { return b->weights; }
TILE_INLINE bool has_outputs(const tile_block *b) { return false; }
TILE_INLINE void finish_tile(int R, int C, const tile_block *b, ptrdiff_t row, const wide *sums) {}

#include "avx512_tiles.h"

BF16 static void bf16_sums(const lk_bf16_block *b) { all_tiles(b); }

lk_bf16_sums *const lk_bf16_sums_avx512 = bf16_sums;

#else

lk_bf16_sums *const lk_bf16_sums_avx512 = 0;

#endif
