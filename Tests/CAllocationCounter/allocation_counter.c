#include "allocation_counter.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>

// glibc's own names for what is replaced here.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static _Thread_local unsigned long count;
static _Thread_local long held, peak;

unsigned long allocation_count(void) { return count; }

void allocation_peak_begin(void) { held = peak = 0; }
long allocation_peak(void) { return peak; }

// The address sanitiser has an allocator of its own, which must see every call; nothing is counted beside it.
#if !defined(__has_feature) || !__has_feature(address_sanitizer)

static void *counted(void *memory) {
    count++;
    if (memory) held += (long)malloc_usable_size(memory);
    if (held > peak) peak = held;
    return memory;
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }

void *calloc(size_t number, size_t size) { return counted(__libc_calloc(number, size)); }

void *realloc(void *old, size_t size) {
    long freed = old ? (long)malloc_usable_size(old) : 0;
    void *memory = __libc_realloc(old, size);
    if (memory || size == 0) held -= freed;
    return counted(memory);
}

void *aligned_alloc(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = counted(__libc_memalign(alignment, size));
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

void free(void *memory) {
    if (memory) held -= (long)malloc_usable_size(memory);
    __libc_free(memory);
}

#endif
