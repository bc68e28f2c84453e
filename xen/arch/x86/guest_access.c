/* SPDX-License-Identifier: MIT */
/* Checked copies between the hypervisor and the running guest. */
#include "xen/guest_access.h"

#include "xen/errno.h"
#include "asm/page.h"
#include "asm/uaccess.h"

/* uaccess.S: 0 or -EFAULT. */
int copy_guest_raw(void *dst, const void *src, size_t len);
int clear_guest_raw(void *dst, size_t len);

/* One piece of guest memory, maybe empty: it does not wrap, and both ends are
 * on the same side of the hole that holds the hypervisor. */
static inline bool range_ok(u64 va, size_t len)
{
    u64 end;

    if (__builtin_add_overflow(va, len, &end))
        return end == 0 && va >= HYPERVISOR_VIRT_END;
    return end <= (1UL << 47) || va >= HYPERVISOR_VIRT_END || len == 0;
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

    /* Both ends on the same side of the hole that holds the hypervisor. */
    return (last < (1UL << 47)) || (guest_va >= HYPERVISOR_VIRT_END);
}

int copy_from_guest(void *dst, u64 guest_va, size_t len)
{
    if (unlikely(!range_ok(guest_va, len)))
        return -EFAULT;
    return copy_guest_raw(dst, (const void *)guest_va, len);
}

int put_guest_u64(u64 guest_va, u64 value)
{
    if (unlikely(!guest_range_ok(guest_va, sizeof(value))))
        return -EFAULT;
    stac();
    unsafe_put_u64(guest_va, value, fault);
    clac();
    return 0;

fault:
    clac();
    return -EFAULT;
}

int copy_to_guest(u64 guest_va, const void *src, size_t len)
{
    if (unlikely(!range_ok(guest_va, len)))
        return -EFAULT;
    return copy_guest_raw((void *)guest_va, src, len);
}

int clear_guest(u64 guest_va, size_t len)
{
    if (unlikely(!range_ok(guest_va, len)))
        return -EFAULT;
    return clear_guest_raw((void *)guest_va, len);
}
