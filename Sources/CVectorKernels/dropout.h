#pragma once

#include "vector.h"

// The rate as a threshold on 32 random bits.
INLINE uint32_t dropout_threshold(float rate) { return (uint32_t)((double)rate * 4294967296.0); }

// 32 bits that are a pure function of key and index: two rounds of multiply and shift, one with each half of the key.
INLINE u16 random_bits(uint64_t key, uint32_t first) {
    u16 z = ((u16)lane_index() + (u16)first) ^ (u16)(uint32_t)key;
    z = (z ^ (z >> 16)) * 0x7feb352dU;
    z = (z ^ (z >> 15)) * 0x846ca68bU;
    z = (z ^ (z >> 16)) + (u16)(uint32_t)(key >> 32);
    z = (z ^ (z >> 16)) * 0x7feb352dU;
    z = (z ^ (z >> 15)) * 0x846ca68bU;
    return z ^ (z >> 16);
}

// x / (1 - rate) where the mask keeps it, else zero. `first` is the index of lane 0.
INLINE v16 dropped(v16 x, uint32_t threshold, float kept_scale, uint64_t key, ptrdiff_t first) {
    i16 keep = random_bits(key, (uint32_t)first) >= (u16)threshold;
    return where(keep, x * splat(kept_scale), splat(0.0f));
}
