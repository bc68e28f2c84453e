/* SPDX-License-Identifier: MIT */
/* What a CPU needs before it starts: its variables, its stack, its area. */
#include "asm/descriptors.h"

#include "xen/bitops.h"
#include "xen/page_alloc.h"
#include "xen/percpu.h"
#include "asm/mm.h"

/* The linked copies: the boot CPU's. */
extern char percpu_start[], percpu_end[];
extern char cpu0_stack[];

unsigned long per_cpu_offset[NR_CPUS];

static void *stack_base[NR_CPUS] = {cpu0_stack};

static unsigned int percpu_order(void)
{
    unsigned long pages = PFN_UP((unsigned long)(percpu_end - percpu_start));

    return pages > 1 ? highest_bit(pages - 1) + 1 : 0;
}

/* Zeroed variables of its own. */
static bool percpu_alloc(unsigned int cpu)
{
    char *area;

    if (per_cpu_offset[cpu])
        return true;
    area = alloc_xenheap_pages(percpu_order(), 0);
    if (area)
        per_cpu_offset[cpu] = area - percpu_start;
    return area;
}

/* A stack that faults where it overflows. */
static void *stack_alloc(void)
{
    char *stack = alloc_xenheap_pages(STACK_ORDER, 0);
    unsigned long guard = (unsigned long)stack + STACK_GUARD_PAGE * PAGE_SIZE;

    if (stack && map_pages_to_xen(guard, virt_to_mfn((void *)guard), 1, 0)) {
        free_xenheap_pages(stack, STACK_ORDER);
        return NULL;
    }
    return stack;
}

void *cpu_prepare(unsigned int cpu)
{
    struct cpu_info *info;

    if (!stack_base[cpu]) {
        void *stack = stack_alloc();

        if (!stack || !percpu_alloc(cpu) || cpu_area_init(cpu, stack))
            return NULL;
        stack_base[cpu] = stack;
    }

    info = (struct cpu_info *)((char *)stack_base[cpu] + STACK_SIZE) - 1;
    info->processor_id = cpu;
    info->per_cpu_offset = per_cpu_offset[cpu];
    return info + 1;
}
