/* SPDX-License-Identifier: MIT */
/* Debug key 'm': where the machine's memory is. */
#include "xen/debug_key.h"
#include "xen/domain.h"
#include "xen/page_alloc.h"
#include "xen/printk.h"

#define KIB(pages) ((pages) << (PAGE_SHIFT - 10))

static void dump_heap(void)
{
    unsigned long counts[MAX_ORDER + 1];

    printk("Memory: %lu KiB, free %lu KiB, below 4 GiB free %lu KiB\n",
           KIB(total_pages), KIB(avail_heap_pages()),
           KIB(avail_heap_pages_bits(32)));
    heap_free_by_order(counts);
    for (unsigned int order = 0; order <= MAX_ORDER; order++)
        if (counts[order] > 0)
            printk("  order %2u: %lu blocks\n", order, counts[order] >> order);
}

static void dump_domain(const struct domain *d)
{
    const struct domain_mem *m = &d->mem;

    printk("d%d: %lu KiB", d->domain_id, KIB(READ_ONCE(m->tot_pages)));
    if (m->max_pages < 0xffffffff) /* what dom0 without dom0_mem has */
        printk(" of %lu KiB", KIB(m->max_pages));
    printk(", %lu hypervisor pages, %lu KiB claimed\n", m->xenheap_pages,
           KIB(m->outstanding_claim));
}

static void dump_memory(void)
{
    unsigned int next = 0;
    struct domain *d;

    dump_heap();
    while (next < DOMID_FIRST_RESERVED && (d = domain_get_next(next)) != NULL) {
        next = d->domain_id + 1u;
        dump_domain(d);
        domain_put(d);
    }
}

void page_debug_init(void)
{
    debug_key_register('m', "memory: free blocks, domains", dump_memory);
}
