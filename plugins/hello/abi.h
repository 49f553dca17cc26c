/* The canonical ABI of the component model, as far as this plugin meets it.
 *
 * The host writes arguments to memory it asks `cabi_realloc` for, calls a function, reads its
 * answer, and calls `cabi_post_<function>`, which gives all of that memory back at once. Calls of
 * one instance never overlap, so one arena and one return area do.
 */

#ifndef HELLO_ABI_H
#define HELLO_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

/* A string as it lies in memory: UTF-8, which the host has checked. */
struct text {
    const uint8_t *at;
    uint32_t size;
};

/* Memory until the next `abi_release`; traps where the host refuses more. */
void *abi_take(size_t size, size_t align);

/* Give back all that was taken. */
void abi_release(void);

#endif
