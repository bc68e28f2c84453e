/* SPDX-License-Identifier: MIT */
/* Root tables without the hypervisor's mappings: each CPU's, and when they are
 * made anew. See asm/xpti.h. */
#include "asm/xpti.h"

#include "xen/atomic.h"
#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/page_alloc.h"
#include "xen/percpu.h"
#include "xen/string.h"
#include "xen/vcpu.h"
#include "asm/descriptors.h"
#include "asm/processor.h"

#define NR_ROOTS 2

/* Owned by the CPU. */
struct xpti_cpu {
    u64 *root[NR_ROOTS];
    u64 source[NR_ROOTS]; /* CR3 of the table that it is a copy of; 0: none */
    unsigned long changes[NR_ROOTS]; /* root_changes when it was copied */
    unsigned int last;               /* the one made or chosen last */
    u64 area; /* top-level entry that leads to this CPU's area */
};

/* A place on the way out that becomes a jump. */
struct xpti_site {
    s32 addr, target; /* relative to the field itself */
};

extern const struct xpti_site __xpti_sites_start[], __xpti_sites_end[];

/* xpti_entry.S. */
extern const char xpti_code[], xpti_code_end[];
extern const char xpti_syscall[], xpti_syscall32[], xpti_sysenter[];
extern const char xpti_sysret[], xpti_sysret_end[];
extern const char xpti_iret[], xpti_iret_end[];
void xpti_choose_root(void);

bool xpti_enabled;
static bool for_dom0, for_domu;

static DEFINE_PER_CPU(struct xpti_cpu, xpti_cpu);

void xpti_decide(bool dom0, bool domu)
{
    for_dom0 = dom0;
    for_domu = domu;
    xpti_enabled = dom0 || domu;
}

bool xpti_wanted(const struct domain *d)
{
    return d->domain_id == 0 ? for_dom0 : for_domu;
}

static void make_jump(u8 *insn, unsigned long addr, unsigned long target)
{
    s32 distance = (s32)(target - (addr + 5));

    insn[0] = 0xe9;
    memcpy(insn + 1, &distance, sizeof(distance));
}

void xpti_patch(void *(*text_alias)(const void *))
{
    const struct xpti_site *s;

    for (s = __xpti_sites_start; s < __xpti_sites_end; s++) {
        unsigned long addr = (unsigned long)&s->addr + s->addr;

        make_jump(text_alias((const void *)addr), addr,
                  (unsigned long)&s->target + s->target);
    }
}

static unsigned long in_area(unsigned int cpu, const char *code)
{
    return cpu_area(cpu) + CPU_AREA_XPTI_CODE + (code - xpti_code);
}

unsigned long xpti_entries(unsigned int cpu)
{
    return in_area(cpu, xpti_code);
}

unsigned long xpti_syscall_entry(unsigned int cpu)
{
    return in_area(cpu, xpti_syscall);
}

unsigned long xpti_syscall32_entry(unsigned int cpu)
{
    return in_area(cpu, xpti_syscall32);
}

unsigned long xpti_sysenter_entry(unsigned int cpu)
{
    return in_area(cpu, xpti_sysenter);
}

static int map_area(unsigned int cpu, void *entry_data)
{
    unsigned long area = cpu_area(cpu);
    mfn_t code = maddr_to_mfn(image_to_maddr(xpti_code));

    if (map_pages_to_xen(area + CPU_AREA_XPTI_CODE, code,
                         (xpti_code_end - xpti_code) >> PAGE_SHIFT,
                         PAGE_HYPERVISOR_RX) ||
        map_pages_to_xen(area + CPU_AREA_XPTI_DATA, virt_to_mfn(entry_data), 1,
                         PAGE_HYPERVISOR_RW))
        return -ENOMEM;
    return 0;
}

/* A table whose only entry leads to `below` on the way to `va`. */
static u64 *table_above(const u64 *below, unsigned long va, unsigned int level)
{
    u64 *table = alloc_xenheap_page();

    if (!table)
        return NULL;
    memset(table, 0, PAGE_SIZE);
    table[pt_index(va, level)] =
        pte_make(virt_to_mfn(below), PAGE_HYPERVISOR_TABLE);
    return table;
}

int xpti_cpu_init(unsigned int cpu, u64 *l1, void *entry_data)
{
    struct xpti_cpu *x = &per_cpu(xpti_cpu, cpu);
    u64 *l2 = table_above(l1, cpu_area(cpu), 2);
    u64 *l3 = l2 ? table_above(l2, cpu_area(cpu), 3) : NULL;

    for (unsigned int i = 0; i < NR_ROOTS; i++)
        x->root[i] = alloc_xenheap_page();
    if (!l3 || !x->root[0] || !x->root[1] || map_area(cpu, entry_data)) {
        free_xenheap_page(l2);
        free_xenheap_page(l3);
        for (unsigned int i = 0; i < NR_ROOTS; i++)
            free_xenheap_page(x->root[i]);
        return -ENOMEM;
    }
    x->area = pte_make(virt_to_mfn(l3), PAGE_HYPERVISOR_TABLE);
    return 0;
}

/* An interrupt does the same and no more. */
void xpti_forget_roots(void)
{
    struct xpti_cpu *x = &this_cpu(xpti_cpu);

    for (unsigned int i = 0; i < NR_ROOTS; i++)
        x->source[i] = 0;
    get_cpu_info()->xpti_source = 0;
}

void xpti_switch_vcpu(void)
{
    static const unsigned int words[] = {XPTI_GUEST_RSP, XPTI_RAX, XPTI_WORD,
                                         XPTI_RIP, XPTI_RSP};
    char *data = get_cpu_info()->entry_data;

    if (!xpti_enabled)
        return;
    xpti_forget_roots();

    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
        *(u64 *)(data + words[i]) = 0;
    for (unsigned int ist = 0; ist <= XPTI_NR_IST; ist++)
        memset(data + XPTI_STACK_IST(ist) - XPTI_FRAME_SIZE, 0,
               XPTI_FRAME_SIZE);
}

/* Which of the roots is a copy of the table at `cr3` as it is: a new one if
 * none. */
static unsigned int root_for(struct xpti_cpu *x, u64 cr3, unsigned long changes)
{
    for (unsigned int i = 0; i < NR_ROOTS; i++)
        if (x->source[i] == cr3 && x->changes[i] == changes)
            return i;
    x->last = (x->last + 1) % NR_ROOTS;
    BUILD_BUG_ON(M2P_VIRT_START / PML4_SLOT_SIZE % PT_ENTRIES !=
                 HYPERVISOR_FIRST_SLOT);
    xpti_make_root(x->root[x->last], maddr_to_virt(cr3),
                   idle_pg_table[HYPERVISOR_FIRST_SLOT], x->area);
    x->source[x->last] = cr3;
    x->changes[x->last] = changes;
    return x->last;
}

/* On the way to a guest, interrupts off: another table is loaded than the one
 * that XPTI_GUEST_CR3 is for. */
void xpti_choose_root(void)
{
    struct cpu_info *info = get_cpu_info();
    struct xpti_cpu *x = &this_cpu(xpti_cpu);
    const struct domain *d = info->curr->domain;
    u64 cr3 = read_cr3(), root = cr3;

    if (d->arch.xpti) {
        unsigned long changes = READ_ONCE(d->arch.root_changes);

        smp_rmb(); /* those that come meanwhile count as later */
        x->last = root_for(x, cr3, changes);
        root = virt_to_maddr(x->root[x->last]);
    }
    WRITE_ONCE(*(u64 *)(info->entry_data + XPTI_GUEST_CR3), root);
    info->xpti_source = cr3;
}

/* `rip` points into [start, end) as this CPU sees it: to its start. */
static bool restart_in(struct cpu_regs *regs, const char *start,
                       const char *end)
{
    unsigned long first = in_area(smp_processor_id(), start);

    if (regs->rip < first || regs->rip >= first + (end - start))
        return false;
    regs->rip = first;
    return true;
}

void xpti_restart_exit(struct cpu_regs *regs)
{
    if (!restart_in(regs, xpti_sysret, xpti_sysret_end))
        (void)restart_in(regs, xpti_iret, xpti_iret_end);
}
