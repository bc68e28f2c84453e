/* SPDX-License-Identifier: MIT */
/* Sets of CPUs as toolstacks give and take them. */
#include "xen/guest_bitmap.h"

#include "xen/errno.h"
#include "xen/guest_access.h"

#define MAX_ROOM 65536 /* bits */

int cpumask_from_guest(struct cpumask *mask_out,
                       const struct xenctl_bitmap *map)
{
    unsigned int nr_bits = min(map->nr_bits, (u32)NR_CPUS);
    struct cpumask mask;

    cpumask_zero(&mask);
    if (copy_from_guest(mask.bits, map->bitmap, DIV_ROUND_UP(nr_bits, 8)))
        return -EFAULT;
    bitmap_copy(mask_out->bits, mask.bits, NR_CPUS);
    for (unsigned int cpu = nr_bits; cpu % 8 != 0 && cpu < NR_CPUS; cpu++)
        __clear_bit(cpu, mask_out->bits);
    return 0;
}

int cpumask_to_guest(const struct xenctl_bitmap *map,
                     const struct cpumask *mask)
{
    unsigned int room = DIV_ROUND_UP(map->nr_bits, 8);
    unsigned int used = min(room, (unsigned int)NR_CPUS / 8);

    if (map->nr_bits > MAX_ROOM)
        return -E2BIG;
    if (copy_to_guest(map->bitmap, mask->bits, used) ||
        clear_guest(map->bitmap + used, room - used))
        return -EFAULT;
    return 0;
}
