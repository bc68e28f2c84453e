/* SPDX-License-Identifier: MIT */
/* Guest memory: the host memory that a test has registered, no more. */
#include "xen/guest_access.h"

#include <stdlib.h>
#include <string.h>

#include "xen/errno.h"
#include "fake/fake.h"

#define MAX_RANGES 256

static struct {
    u64 start, size;
    void *allocated;
} range[MAX_RANGES];
static unsigned int nr_ranges;

static void add(const void *p, size_t size, void *allocated)
{
    if (nr_ranges == MAX_RANGES)
        abort();
    range[nr_ranges].start = (unsigned long)p;
    range[nr_ranges].size = size;
    range[nr_ranges++].allocated = allocated;
}

void *fake_guest_alloc(size_t size)
{
    void *p = calloc(1, size);

    add(p, size, p);
    return p;
}

void fake_guest_add(const void *p, size_t size)
{
    add(p, size, NULL);
}

void fake_guest_free(void)
{
    while (nr_ranges > 0)
        free(range[--nr_ranges].allocated);
}

bool guest_array_ok(u64 guest_va, u64 nr, size_t size)
{
    u64 len, last;

    if (__builtin_mul_overflow(nr, size, &len))
        return false;
    if (len == 0)
        return true;
    if (__builtin_add_overflow(guest_va, len - 1, &last))
        return false;
    return last < (1UL << 47) || guest_va >= HYPERVISOR_VIRT_END;
}

static bool present(u64 va, size_t len)
{
    for (unsigned int i = 0; i < nr_ranges; i++)
        if (va >= range[i].start && len <= range[i].size &&
            va - range[i].start <= range[i].size - len)
            return true;

    return len == 0;
}

int copy_from_guest(void *dst, u64 guest_va, size_t len)
{
    if (!present(guest_va, len))
        return -EFAULT;
    memcpy(dst, (const void *)guest_va, len);
    return 0;
}

int put_guest_u64(u64 guest_va, u64 value)
{
    return copy_to_guest(guest_va, &value, sizeof(value));
}

int copy_to_guest(u64 guest_va, const void *src, size_t len)
{
    if (!present(guest_va, len))
        return -EFAULT;
    memcpy((void *)guest_va, src, len);
    return 0;
}

int clear_guest(u64 guest_va, size_t len)
{
    if (!present(guest_va, len))
        return -EFAULT;
    memset((void *)guest_va, 0, len);
    return 0;
}
