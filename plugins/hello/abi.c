/* The arena behind `cabi_realloc`. */

#include "abi.h"

#define PAGE_BYTES 65536u

extern uint8_t __heap_base; /* set by the linker: the first address after stack and data */

static uintptr_t arena_top;

void abi_release(void) { arena_top = (uintptr_t)&__heap_base; }

void *abi_take(size_t size, size_t align) {
    if (arena_top == 0) abi_release();
    uintptr_t at = (arena_top + align - 1) & ~(uintptr_t)(align - 1);
    uintptr_t end = at + size;
    if (end < at) __builtin_trap();
    uintptr_t held = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE_BYTES;
    if (end > held) {
        size_t pages = (end - held + PAGE_BYTES - 1) / PAGE_BYTES;
        if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) __builtin_trap();
    }
    arena_top = end;
    return (void *)at;
}

EXPORT("cabi_realloc")
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    void *at = abi_take(size, align);
    __builtin_memcpy(at, old, old_size < size ? old_size : size);
    return at;
}
