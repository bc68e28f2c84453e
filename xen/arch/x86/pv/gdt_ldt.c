/* SPDX-License-Identifier: MIT */
/*
 * Guest descriptors. Frames of a guest's GDT and LDT have type segdesc: nobody
 * can write to them but update_descriptor, and each descriptor in them is
 * harmless. They are seen by the CPU through windows in the per-CPU area
 * (asm/config.h); a vcpu's pages are put there when it is switched in, those of
 * its LDT only when the CPU first needs them.
 */
#include "asm/pv.h"

#include "xen/bitops.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/percpu.h"
#include "asm/mm.h"
#include "asm/pgtable.h"
#include "asm/processor.h"
#include "asm/pv_mm.h"

#define WINDOW_PTE (PTE_PRESENT | PTE_RW | PTE_ACCESSED | PTE_DIRTY | PTE_NX)
#define LDT_PAGES  16

/* How many GDT entries of this CPU's window are in use, to undo just those. */
static DEFINE_PER_CPU(unsigned int, gdt_window_used);

#define DESC_PRESENT    (1UL << 47)
#define DESC_DPL_SHIFT  45
#define DESC_DPL        (3UL << DESC_DPL_SHIFT)
#define DESC_USER_TYPE  (1UL << 44) /* clear: system descriptor */
#define DESC_CODE       (1UL << 43)
#define DESC_CONFORMING (1UL << 42)
#define DESC_TYPE(d)    (((d) >> 40) & 15)
#define DESC_CALL_GATE  12
#define SELECTOR_LDT    4 /* table indicator */

/* A call gate leads to code: the guest's own, or the flat segments. */
static bool is_guest_code_selector(u16 sel)
{
    return (sel & SELECTOR_LDT) || (sel >> 3) < FIRST_RESERVED_GDT_ENTRY ||
           (sel | 3) == FLAT_USER_CS64 || (sel | 3) == FLAT_USER_CS32;
}

bool pv_check_descriptor(u64 *desc)
{
    u64 d = *desc;

    if (!(d & DESC_PRESENT))
        return true;

    if (!(d & DESC_USER_TYPE)) {
        /* A system descriptor. Type 0 is the upper half of a 16-byte one or
         * nothing; a call gate must lead nowhere (DPL 0: never usable). */
        if (DESC_TYPE(d) == 0)
            return true;
        if (DESC_TYPE(d) != DESC_CALL_GATE || !is_guest_code_selector(d >> 16))
            return false;
        *desc = d & ~DESC_DPL;
        return true;
    }

    /* Ring 0 means the guest's kernel, which is in ring 3 here. Conforming
     * code would run at its caller's level: also ring 3. */
    *desc = d | DESC_DPL;
    return true;
}

static unsigned int nr_gdt_pages(unsigned int nr_ents)
{
    return DIV_ROUND_UP(nr_ents, 512);
}

void pv_destroy_gdt(struct vcpu *v)
{
    unsigned int nr = nr_gdt_pages(v->arch.gdt_ents);

    v->arch.gdt_ents = 0;
    if (v == current)
        pv_load_descriptors(v);
    for (unsigned int i = 0; i < nr; i++)
        page_put_and_type(mfn_to_page(v->arch.gdt_frames[i]));
}

int pv_set_gdt(struct vcpu *v, const u64 *frames, unsigned int nr_ents)
{
    unsigned int nr = nr_gdt_pages(nr_ents), i;
    mfn_t mfns[FIRST_RESERVED_GDT_PAGE];

    if (nr_ents > FIRST_RESERVED_GDT_ENTRY)
        return hc_error(-EINVAL);

    for (i = 0; i < nr; i++) {
        mfns[i] = _mfn(frames[i]);
        if (!mfn_valid(mfns[i]) ||
            !page_get_and_type(mfn_to_page(mfns[i]), v->domain, PGT_segdesc))
            goto release;
    }

    pv_destroy_gdt(v);
    for (i = 0; i < nr; i++)
        v->arch.gdt_frames[i] = mfns[i];
    v->arch.gdt_ents = nr_ents;
    if (v == current)
        pv_load_descriptors(v);
    return 0;

release:
    while (i-- > 0)
        page_put_and_type(mfn_to_page(mfns[i]));
    return hc_error(-EINVAL);
}

bool pv_invalidate_ldt(struct vcpu *v)
{
    unsigned int cpu = smp_processor_id();
    bool any = false;

    /* Without an LDT no page of it is mapped. */
    for (unsigned int i = 0; v->arch.ldt_ents && i < LDT_PAGES; i++) {
        mfn_t mfn = v->arch.ldt_mapped[i];

        if (mfn_eq(mfn, INVALID_MFN))
            continue;
        v->arch.ldt_mapped[i] = INVALID_MFN;
        if (get_cpu_info()->loaded == v)
            cpu_area_set_pte(cpu, CPU_AREA_LDT + i * PAGE_SIZE, 0);
        page_put_and_type(mfn_to_page(mfn));
        any = true;
    }
    return any;
}

bool pv_map_ldt_page(struct vcpu *v, unsigned long offset)
{
    unsigned int index = offset >> PAGE_SHIFT;
    struct page_info *pg;
    u64 pte;

    if (offset >= v->arch.ldt_ents * 8UL ||
        !mfn_eq(v->arch.ldt_mapped[index], INVALID_MFN))
        return false;

    pte = guest_get_l1e(v->arch.ldt_base + (offset & PAGE_MASK));
    if (!(pte & PTE_PRESENT) || !mfn_valid(pte_mfn(pte)))
        return false;
    pg = mfn_to_page(pte_mfn(pte));
    if (!page_get_and_type(pg, v->domain, PGT_segdesc))
        return false;

    v->arch.ldt_mapped[index] = pte_mfn(pte);
    cpu_area_set_pte(smp_processor_id(), CPU_AREA_LDT + index * PAGE_SIZE,
                     pte_make(pte_mfn(pte), WINDOW_PTE));
    return true;
}

/* LDTR of this CPU: the vcpu's number of entries, at the window. */
static void load_ldtr(const struct vcpu *v)
{
    unsigned int cpu = smp_processor_id();
    unsigned long base = cpu_area(cpu) + CPU_AREA_LDT;
    u16 selector = 0;

    if (v->arch.ldt_ents) {
        set_system_descriptor(cpu, LDT_SELECTOR, base, v->arch.ldt_ents * 8 - 1,
                              2);
        selector = LDT_SELECTOR;
    }
    load_ldt_register(selector);
}

void pv_load_descriptors(struct vcpu *v)
{
    unsigned int cpu = smp_processor_id();
    unsigned int nr = nr_gdt_pages(v->arch.gdt_ents);
    unsigned int used = this_cpu(gdt_window_used);

    for (unsigned int i = 0; i < max(nr, used); i++)
        cpu_area_set_pte(cpu, CPU_AREA_GDT + i * PAGE_SIZE,
                         i < nr ? pte_make(v->arch.gdt_frames[i], WINDOW_PTE)
                                : 0);
    this_cpu(gdt_window_used) = nr;

    for (unsigned int i = 0; v->arch.ldt_ents && i < LDT_PAGES; i++)
        if (!mfn_eq(v->arch.ldt_mapped[i], INVALID_MFN))
            cpu_area_set_pte(cpu, CPU_AREA_LDT + i * PAGE_SIZE,
                             pte_make(v->arch.ldt_mapped[i], WINDOW_PTE));
    load_ldtr(v);
}

void pv_unload_descriptors(struct vcpu *v)
{
    unsigned int cpu = smp_processor_id();

    for (unsigned int i = 0; i < this_cpu(gdt_window_used); i++)
        cpu_area_set_pte(cpu, CPU_AREA_GDT + i * PAGE_SIZE, 0);
    this_cpu(gdt_window_used) = 0;

    for (unsigned int i = 0; v->arch.ldt_ents && i < LDT_PAGES; i++)
        cpu_area_set_pte(cpu, CPU_AREA_LDT + i * PAGE_SIZE, 0);
}

int pv_set_ldt(struct vcpu *v, u64 base, u64 nr_ents)
{
    if (nr_ents > 8192 || (base & ~PAGE_MASK) || !guest_addr_ok(base) ||
        !guest_array_ok(base, nr_ents, 8))
        return hc_error(-EINVAL);

    if (v->arch.ldt_base != base || v->arch.ldt_ents != nr_ents) {
        pv_invalidate_ldt(v);
        v->arch.ldt_base = base;
        v->arch.ldt_ents = nr_ents;
        load_ldtr(v);
    }
    return 0;
}

long do_set_gdt(unsigned long list, unsigned long nr_ents, unsigned long a2,
                unsigned long a3, unsigned long a4)
{
    u64 frames[FIRST_RESERVED_GDT_PAGE];

    (void)a2, (void)a3, (void)a4;

    if (nr_ents > FIRST_RESERVED_GDT_ENTRY)
        return hc_error(-EINVAL);
    if (copy_from_guest(frames, list, nr_gdt_pages(nr_ents) * sizeof(u64)))
        return -EFAULT;
    return pv_set_gdt(current, frames, nr_ents);
}

long do_update_descriptor(unsigned long maddr, unsigned long desc,
                          unsigned long a2, unsigned long a3, unsigned long a4)
{
    struct domain *d = current->domain;
    mfn_t mfn = maddr_to_mfn(maddr);
    unsigned long type = PGT_writable;
    struct page_info *pg;
    u64 value = desc;

    (void)a2, (void)a3, (void)a4;

    if ((maddr & 7) || !mfn_valid(mfn) || !pv_check_descriptor(&value))
        return hc_error(-EINVAL);

    pg = mfn_to_page(mfn);
    if (!page_get(pg, d))
        return hc_error(-EINVAL);
    /* Whatever it is now, it stays that while we write. */
    if ((READ_ONCE(pg->type_info) & PGT_type_mask) == PGT_segdesc)
        type = PGT_segdesc;
    if (page_get_type(pg, type)) {
        page_put(pg);
        return hc_error(-EINVAL);
    }

    WRITE_ONCE(((u64 *)mfn_to_virt(mfn))[(maddr & ~PAGE_MASK) / sizeof(u64)],
               value);
    page_put_and_type(pg);
    return 0;
}
