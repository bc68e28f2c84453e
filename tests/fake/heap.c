/* SPDX-License-Identifier: MIT */
/* Small objects from the C library, whose sanitizer watches them. */
#include "xen/heap.h"

#include <stdlib.h>

#include "fake/fake.h"

static unsigned int fail_at;
static unsigned int in_use;

void fake_heap_fail(unsigned int n)
{
    fail_at = n;
}

unsigned int fake_heap_in_use(void)
{
    return in_use;
}

void *xmalloc_bytes(size_t size)
{
    if (fail_at > 0 && --fail_at == 0)
        return NULL;
    in_use++;
    return calloc(1, size);
}

void xfree(void *p)
{
    if (p != NULL)
        in_use--;
    free(p);
}
