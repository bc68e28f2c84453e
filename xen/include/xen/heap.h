/* SPDX-License-Identifier: MIT */
/* Small objects: size classes in pages, whole pages above. Zeroed. */
#ifndef XEN_HEAP_H
#define XEN_HEAP_H

#include "xen/types.h"

/** Zeroed memory of `size` bytes aligned to 16; NULL if there is none. */
void *__must_check xmalloc_bytes(size_t size);
/** xfree(NULL) does nothing. */
void xfree(void *p);

#define xzalloc(type)           ((type *)xmalloc_bytes(sizeof(type)))
#define xzalloc_array(type, nr) ((type *)xmalloc_array_bytes(sizeof(type), nr))

/** As above for nr elements; NULL also when the product overflows. */
static inline void *xmalloc_array_bytes(size_t size, size_t nr)
{
    size_t bytes;

    if (__builtin_mul_overflow(size, nr, &bytes))
        return NULL;
    return xmalloc_bytes(bytes);
}

#endif
