/* SPDX-License-Identifier: MIT */
/* Life of a PV domain and its vcpus on this architecture: contexts loaded and
 * read, page tables and memory given back. */
#include "xen/vcpu.h"

#include "public/xen.h"
#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/hypercall.h"
#include "xen/page_alloc.h"
#include "xen/rangeset.h"
#include "xen/sched.h"
#include "xen/softirq.h"
#include "xen/string.h"
#include "asm/cpuid.h"
#include "asm/processor.h"
#include "asm/pv.h"
#include "asm/pv_mm.h"
#include "asm/switch.h"
#include "asm/xpti.h"
#include "asm/xstate.h"

#define NR_TRAPS              256
#define IOPL_SHIFT            12
#define GDT_ENTRIES_PER_FRAME 512

int arch_domain_create(struct domain *d)
{
    struct arch_domain *a = &d->arch;

    spin_lock_init(&a->rights_lock, LOCK_RIGHTS);
    a->ioport_caps = rangeset_new(1024);
    a->iomem_caps = rangeset_new(1024);
    a->irq_caps = rangeset_new(1024);
    if (!a->ioport_caps || !a->iomem_caps || !a->irq_caps)
        return -ENOMEM;
    a->cpuid = &cpuid_initial;
    a->tsc.incarnation = 1;
    a->xpti = xpti_wanted(d);
    return 0;
}

void arch_domain_destroy(struct domain *d)
{
    rangeset_destroy(d->arch.ioport_caps);
    rangeset_destroy(d->arch.iomem_caps);
    rangeset_destroy(d->arch.irq_caps);
    xfree(d->arch.e820);
    if (d->arch.cpuid != &cpuid_initial)
        xfree((void *)d->arch.cpuid);
}

int arch_vcpu_create(struct vcpu *v)
{
    v->arch.guest_table = INVALID_MFN;
    v->arch.guest_table_user = INVALID_MFN;
    for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.ldt_mapped); i++)
        v->arch.ldt_mapped[i] = INVALID_MFN;
    if (is_idle_vcpu(v))
        return 0;

    v->arch.trap_table = xmalloc_bytes(NR_TRAPS * sizeof(struct trap_info));
    if (!v->arch.trap_table)
        return -ENOMEM;
    if (xstate_alloc(v)) {
        xfree(v->arch.trap_table);
        return -ENOMEM;
    }
    v->arch.mce.cap = NR_MC_BANKS;
    v->arch.debugreg[6] = DR6_RESERVED_ONE;
    v->arch.debugreg[7] = DR7_RESERVED_ONE;
    v->arch.regs.rflags = X86_EFLAGS_MBS | X86_EFLAGS_IF;
    v->arch.flags = VCPU_KERNEL_MODE;
    return 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    xfree(v->arch.trap_table);
    xstate_free(v);
}

/* Drop one base pointer. */
static int drop_base(mfn_t *table)
{
    struct page_info *pg;

    if (mfn_eq(*table, INVALID_MFN))
        return 0;
    pg = mfn_to_page(*table);
    *table = INVALID_MFN;
    return put_table_preemptible(current, pg);
}

int arch_vcpu_reset(struct vcpu *v)
{
    int rc;

    sync_vcpu_state(v);
    rc = put_old_guest_table(current);
    if (rc)
        return rc;

    /* What it left unfinished itself. */
    if (v != current && v->arch.old_guest_table) {
        rc = put_old_guest_table(v);
        if (rc)
            return rc;
    }
    pv_invalidate_ldt(v);
    v->arch.ldt_ents = 0;
    pv_destroy_gdt(v);
    rc = drop_base(&v->arch.guest_table);
    if (!rc)
        rc = drop_base(&v->arch.guest_table_user);
    return rc;
}

/* Returns 0 or -ERESTART; then the current vcpu has work left over. */
static int drop_pin(struct page_info *pg)
{
    unsigned long x =
        __atomic_fetch_and(&pg->type_info, ~PGT_pinned, __ATOMIC_SEQ_CST);

    return x & PGT_pinned ? put_table_preemptible(current, pg) : 0;
}

/*
 * Take one frame from its domain: its pin, work left over, the domain's own
 * reference, which it may have given up before all else. Returns 0 or
 * -ERESTART.
 */
static int relinquish_page(struct page_info *pg)
{
    if (drop_pin(pg) || page_resume(pg))
        return -ERESTART;

    (void)!page_put_allocation(pg);
    return 0;
}

static void move_to_tail_locked(struct domain *d, struct page_info *pg)
{
    ASSERT_LOCKED(&d->mem.lock);
    page_list_del(pg, &d->mem.page_list);
    page_list_add_tail(pg, &d->mem.page_list);
}

/* Most frames that next_pinned() looks at in one go. */
#define SEARCH_RUN 64

/* The next pinned table, referenced. NULL: none among the next frames, which
 * have their turn again at the end of the list, in the same order. */
static struct page_info *next_pinned(struct domain *d)
{
    struct page_info *found = NULL;

    spin_lock(&d->mem.lock);
    for (unsigned int i = 0; i < SEARCH_RUN && !found; i++) {
        struct page_info *pg = page_list_first(&d->mem.page_list);

        if (!pg) {
            d->arch.nr_searched = ~0UL;
            break;
        }
        d->arch.nr_searched++;
        move_to_tail_locked(d, pg);
        if ((READ_ONCE(pg->type_info) & PGT_pinned) && page_get(pg, d))
            found = pg;
    }
    spin_unlock(&d->mem.lock);
    return found;
}

/*
 * Look at each frame once, and drop its pin. What hangs below is let go with
 * it: most frames then have no reference left but their domain's own, and go by
 * the run. Returns 0 or -ERESTART.
 */
static int relinquish_pins(struct domain *d)
{
    while (d->arch.nr_searched < READ_ONCE(d->mem.tot_pages)) {
        struct page_info *pg = next_pinned(d);

        if (pg) {
            int rc = put_old_guest_table(current);

            if (!rc)
                rc = drop_pin(pg);
            page_put(pg);
            if (rc)
                return rc;
        }
        if (hypercall_preempt_check())
            return -ERESTART;
    }
    return 0;
}

/* The next frame of the domain to be relinquished, referenced. NULL: only such
 * are left as others hold; they are at the end of the list, and marked. */
static struct page_info *next_page(struct domain *d)
{
    struct page_info *pg;

    spin_lock(&d->mem.lock);
    for (;;) {
        pg = page_list_first(&d->mem.page_list);
        if (!pg || (READ_ONCE(pg->count_info) & PGC_relinquished)) {
            pg = NULL;
            break;
        }
        if (page_get(pg, d))
            break;
        /* Somebody frees it and wants our lock to do so. */
        __atomic_fetch_or(&pg->count_info, PGC_relinquished, __ATOMIC_SEQ_CST);
        move_to_tail_locked(d, pg);
    }
    spin_unlock(&d->mem.lock);
    return pg;
}

/* Done with a frame that the caller still references. */
static void mark_relinquished(struct domain *d, struct page_info *pg)
{
    spin_lock(&d->mem.lock);
    __atomic_fetch_or(&pg->count_info, PGC_relinquished, __ATOMIC_SEQ_CST);
    move_to_tail_locked(d, pg);
    spin_unlock(&d->mem.lock);
}

/* A frame that others refer to, or its tables do. Returns 0 or -ERESTART. */
static int relinquish_shared_page(struct domain *d, struct page_info *pg)
{
    int rc = put_old_guest_table(current);

    if (!rc)
        rc = relinquish_page(pg);
    if (!rc)
        mark_relinquished(d, pg);
    page_put(pg);
    return rc;
}

int arch_domain_relinquish(struct domain *d)
{
    struct vcpu *v;
    int rc;

    for_each_vcpu(d, v) {
        rc = arch_vcpu_reset(v);
        if (rc)
            return rc;
        vcpu_unmap_info(v);
    }

    rc = relinquish_pins(d);
    if (rc)
        return rc;
    for (;;) {
        if (page_free_unshared(d) == 0) {
            struct page_info *pg = next_page(d);

            if (!pg)
                break;
            rc = relinquish_shared_page(d, pg);
            if (rc)
                return rc;
        }
        if (hypercall_preempt_check())
            return -ERESTART;
    }
    return put_old_guest_table(current);
}

/* Values of a context that need no references. Returns 0 or -EINVAL. */
static int check_context(const struct vcpu_guest_context *c)
{
    if (!is_canonical_address(c->user_regs.rip) ||
        !is_canonical_address(c->event_callback_eip) ||
        !is_canonical_address(c->failsafe_callback_eip) ||
        !is_canonical_address(c->syscall_callback_eip) ||
        !is_canonical_address(c->fs_base) ||
        !is_canonical_address(c->gs_base_kernel) ||
        !is_canonical_address(c->gs_base_user))
        return -EINVAL;
    if (c->ldt_ents > 8192 || (c->ldt_base & ~PAGE_MASK) ||
        (c->ldt_ents && !guest_addr_ok(c->ldt_base)))
        return -EINVAL;
    if (c->gdt_ents > FIRST_RESERVED_GDT_ENTRY)
        return -EINVAL;
    for (unsigned int i = 0; i < NR_TRAPS; i++)
        if (!is_canonical_address(c->trap_ctxt[i].address))
            return -EINVAL;
    /* A user program without page tables cannot run. */
    if (!(c->flags & VGCF_in_kernel) && !c->ctrlreg[1])
        return -EINVAL;
    return 0;
}

/* Reference both base pointers. Returns 0, -EINVAL, -ERESTART. */
static int get_bases(struct vcpu *v, const struct vcpu_guest_context *c)
{
    const mfn_t mfn[2] = {maddr_to_mfn(c->ctrlreg[3]),
                          c->ctrlreg[1] ? maddr_to_mfn(c->ctrlreg[1])
                                        : INVALID_MFN};
    int rc = 0;

    for (unsigned int i = 0; i < 2; i++) {
        struct page_info *pg;

        if (mfn_eq(mfn[i], INVALID_MFN))
            continue;
        rc = -EINVAL;
        if (!mfn_valid(mfn[i]) || !page_get(mfn_to_page(mfn[i]), v->domain))
            goto release;
        pg = mfn_to_page(mfn[i]);
        rc = page_get_type_preemptible(pg, PGT_l4);
        if (rc) {
            page_put(pg);
            goto release;
        }
        if (i == 0)
            v->arch.guest_table = mfn[i];
        else
            v->arch.guest_table_user = mfn[i];
    }
    return 0;

release:
    if (!mfn_eq(v->arch.guest_table, INVALID_MFN)) {
        page_put_and_type(mfn_to_page(v->arch.guest_table));
        v->arch.guest_table = INVALID_MFN;
    }
    return rc;
}

static void set_flag(struct vcpu *v, unsigned int flag, bool on)
{
    if (on)
        v->arch.flags |= flag;
    else
        v->arch.flags &= ~flag;
}

static void load_user_regs(struct vcpu *v, const struct cpu_user_regs *u)
{
    struct cpu_regs *r = &v->arch.regs;

    BUILD_BUG_ON(offsetof(struct cpu_regs, ss) !=
                 offsetof(struct cpu_user_regs, ss));
    memcpy(r, u, sizeof(*r));
    /* The guest's IOPL is virtual: the hardware's stays 0. */
    v->arch.iopl = (u->rflags & X86_EFLAGS_IOPL) >> IOPL_SHIFT;
    r->entry_vector = 0;
    r->error_code = 0;
    r->cs = fixup_selector(r->cs);
    r->ss = fixup_selector(r->ss);
    r->rflags =
        (r->rflags & ~(X86_EFLAGS_IOPL | X86_EFLAGS_VM | X86_EFLAGS_VIF |
                       X86_EFLAGS_VIP | X86_EFLAGS_NT)) |
        X86_EFLAGS_IF | X86_EFLAGS_MBS;
    v->arch.ds = u->ds;
    v->arch.es = u->es;
    v->arch.fs = u->fs;
    v->arch.gs = u->gs;
}

static void load_callbacks(struct vcpu *v, const struct vcpu_guest_context *c)
{
    v->arch.event_callback = c->event_callback_eip;
    v->arch.failsafe_callback = c->failsafe_callback_eip;
    v->arch.syscall_callback = c->syscall_callback_eip;
    set_flag(v, VCPU_FAILSAFE_MASKS, c->flags & VGCF_failsafe_disables_events);
    set_flag(v, VCPU_SYSCALL_MASKS, c->flags & VGCF_syscall_disables_events);
    for (unsigned int i = 0; i < NR_TRAPS; i++) {
        v->arch.trap_table[i] = c->trap_ctxt[i];
        v->arch.trap_table[i].cs = fixup_selector(c->trap_ctxt[i].cs);
    }
    v->arch.kernel_ss = fixup_selector(c->kernel_ss);
    v->arch.kernel_sp = c->kernel_sp;
}

/* What a vcpu that has a context keeps: its tables. */
static bool same_tables(const struct vcpu *v,
                        const struct vcpu_guest_context *c)
{
    paddr_t user = mfn_eq(v->arch.guest_table_user, INVALID_MFN)
                       ? 0
                       : mfn_to_maddr(v->arch.guest_table_user);

    if (c->ctrlreg[3] != mfn_to_maddr(v->arch.guest_table) ||
        c->ctrlreg[1] != user || c->gdt_ents != v->arch.gdt_ents ||
        c->ldt_ents != v->arch.ldt_ents ||
        (c->ldt_ents && c->ldt_base != v->arch.ldt_base))
        return false;
    for (unsigned int i = 0; i * GDT_ENTRIES_PER_FRAME < c->gdt_ents; i++)
        if (c->gdt_frames[i] != mfn_x(v->arch.gdt_frames[i]))
            return false;
    return true;
}

/* References of a vcpu's first context. Returns 0, -EINVAL, -ERESTART. */
static int get_tables(struct vcpu *v, const struct vcpu_guest_context *c)
{
    int rc = arch_vcpu_reset(v);

    if (rc)
        return rc;
    rc = get_bases(v, c);
    if (rc)
        return rc;
    rc = pv_set_gdt(v, c->gdt_frames, c->gdt_ents);
    if (rc)
        (void)!arch_vcpu_reset(v);
    return rc;
}

int arch_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *c)
{
    int rc = check_context(c);

    if (rc)
        return hc_error(rc);
    if (!v->is_initialised)
        rc = get_tables(v, c);
    else if (!same_tables(v, c))
        rc = hc_error(-EOPNOTSUPP);
    if (rc)
        return rc;
    sync_vcpu_state(v);

    load_user_regs(v, &c->user_regs);
    load_callbacks(v, c);
    set_flag(v, VCPU_KERNEL_MODE, c->flags & VGCF_in_kernel);
    v->arch.fs_base = c->fs_base;
    v->arch.gs_base_kernel = c->gs_base_kernel;
    v->arch.gs_base_user = c->gs_base_user;
    v->arch.ldt_base = c->ldt_base;
    v->arch.ldt_ents = c->ldt_ents;
    v->arch.virtual_ts = c->ctrlreg[0] & X86_CR0_TS;
    v->arch.cr2 = c->ctrlreg[2];
    pv_set_guest_cr4(v, c->ctrlreg[4]);
    if (c->flags & VGCF_I387_VALID)
        xstate_load_fpu(v, c->fpu_ctxt.x);
    for (unsigned int i = 0; i < 8; i++)
        if (pv_set_debugreg(v, i, c->debugreg[i]))
            v->arch.debugreg[i] = i == 7 ? DR7_RESERVED_ONE : 0;
    v->domain->vm_assist |= c->vm_assist & VM_ASSIST_VALID;
    v->is_initialised = true;
    return 0;
}

void arch_get_info_guest(struct vcpu *v, struct vcpu_guest_context *c)
{
    memset(c, 0, sizeof(*c));
    sync_vcpu_state(v);

    memcpy(&c->user_regs, &v->arch.regs, sizeof(v->arch.regs));
    c->user_regs.entry_vector = 0; /* of no meaning outside */
    c->user_regs.error_code = 0;
    c->user_regs.saved_upcall_mask = v->vcpu_info->evtchn_upcall_mask;
    c->user_regs.rflags |= (u64)v->arch.iopl << IOPL_SHIFT;
    c->user_regs.ds = v->arch.ds;
    c->user_regs.es = v->arch.es;
    c->user_regs.fs = v->arch.fs;
    c->user_regs.gs = v->arch.gs;
    xstate_store_fpu(v, c->fpu_ctxt.x);

    c->flags = VGCF_I387_VALID;
    if (v->arch.flags & VCPU_KERNEL_MODE)
        c->flags |= VGCF_in_kernel;
    if (v->arch.flags & VCPU_FAILSAFE_MASKS)
        c->flags |= VGCF_failsafe_disables_events;
    if (v->arch.flags & VCPU_SYSCALL_MASKS)
        c->flags |= VGCF_syscall_disables_events;
    if (!(v->pause_flags & (1UL << VPF_down)))
        c->flags |= VGCF_online;

    memcpy(c->trap_ctxt, v->arch.trap_table, sizeof(c->trap_ctxt));
    c->ldt_base = v->arch.ldt_base;
    c->ldt_ents = v->arch.ldt_ents;
    for (unsigned int i = 0; i * GDT_ENTRIES_PER_FRAME < v->arch.gdt_ents; i++)
        c->gdt_frames[i] = mfn_x(v->arch.gdt_frames[i]);
    c->gdt_ents = v->arch.gdt_ents;
    c->kernel_ss = v->arch.kernel_ss;
    c->kernel_sp = v->arch.kernel_sp;
    c->ctrlreg[0] = v->arch.virtual_ts ? X86_CR0_TS : 0;
    c->ctrlreg[2] = v->arch.cr2;
    c->ctrlreg[4] = pv_guest_cr4(v);
    if (!mfn_eq(v->arch.guest_table, INVALID_MFN))
        c->ctrlreg[3] = mfn_to_maddr(v->arch.guest_table);
    if (!mfn_eq(v->arch.guest_table_user, INVALID_MFN))
        c->ctrlreg[1] = mfn_to_maddr(v->arch.guest_table_user);
    memcpy(c->debugreg, v->arch.debugreg, sizeof(c->debugreg));
    c->event_callback_eip = v->arch.event_callback;
    c->failsafe_callback_eip = v->arch.failsafe_callback;
    c->syscall_callback_eip = v->arch.syscall_callback;
    c->vm_assist = v->domain->vm_assist;
    c->fs_base = v->arch.fs_base;
    c->gs_base_kernel = v->arch.gs_base_kernel;
    c->gs_base_user = v->arch.gs_base_user;
}
