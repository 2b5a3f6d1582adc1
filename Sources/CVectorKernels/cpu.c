#include "vector_kernels.h"

#if defined(__x86_64__)

bool lk_has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl");
}

const char *lk_instruction_set(void) {
#if defined(__GLIBC__)
    if (__builtin_cpu_supports("x86-64-v4")) return "x86-64-v4";
    if (__builtin_cpu_supports("x86-64-v3")) return "x86-64-v3";
#endif
    return "baseline";
}

// MXCSR: bit 15 flushes subnormal results to zero, bit 6 reads subnormal operands as zero.
enum { FLUSH = 1 << 15 | 1 << 6 };

void lk_enable_flush_to_zero(void) { __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | FLUSH); }
bool lk_flushes_to_zero(void) { return (__builtin_ia32_stmxcsr() & FLUSH) == FLUSH; }

#elif defined(__aarch64__)

bool lk_has_avx512(void) { return false; }
const char *lk_instruction_set(void) { return "baseline"; }

// FPCR bit 24 does both.
void lk_enable_flush_to_zero(void) {
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr | (1u << 24)));
}

bool lk_flushes_to_zero(void) {
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr >> 24 & 1;
}

#else

bool lk_has_avx512(void) { return false; }
const char *lk_instruction_set(void) { return "baseline"; }
void lk_enable_flush_to_zero(void) {}
bool lk_flushes_to_zero(void) { return false; }

#endif
