/* SPDX-License-Identifier: MIT */
/* The iret hypercall: a guest kernel's way back from its handlers. */
#include "xen/hypercall.h"

#include "public/xen.h"
#include "xen/guest_access.h"
#include "xen/softirq.h"
#include "asm/pv_mode.h"
#include "asm/uaccess.h"

/* The handler of an NMI is done: the next one may come. */
static __noinline long end_nmi(struct vcpu *v, long rc)
{
    v->arch.nmi_masked = false;
    if (READ_ONCE(v->arch.nmi_pending))
        raise_softirq(GUEST_NMI_SOFTIRQ);
    return rc;
}

static __noinline long no_way_back(struct vcpu *v, const char *why, u64 sp)
{
    domain_crash(v->domain, "iret: no %s, frame at %016lx", why, sp);
    return 0;
}

/*
 * The words go from the guest's stack to where they belong one by one. The
 * first and the last one are read before any is written, so that a guest whose
 * frame is not all there is crashed as it was.
 */
long do_iret(unsigned long a0, unsigned long a1, unsigned long a2,
             unsigned long a3, unsigned long a4)
{
    struct vcpu *v = current;
    struct cpu_regs *regs = guest_regs();
    u64 sp = regs->rsp;
    const struct iret_context *frame = (const struct iret_context *)sp;
    u64 word, flags, cs, ss, rflags, rax;

    (void)a0, (void)a1, (void)a2, (void)a3, (void)a4;

    if (unlikely(!guest_range_ok(sp, sizeof(*frame))))
        goto no_frame;

    stac();
    /* cppcheck-suppress legacyUninitvar ; it is the statement's output */
    unsafe_get_u64(rax, &frame->rax, fault);
    unsafe_get_u64(ss, &frame->ss, fault);
    unsafe_get_u64(cs, &frame->cs, fault);
    if ((cs & 3) == 3 &&
        unlikely(mfn_eq(v->arch.guest_table_user, INVALID_MFN)))
        goto no_user_table;

    unsafe_get_u64(flags, &frame->flags, fault);
    if (flags & VGCF_in_syscall) {
        regs->entry_vector = FRAME_SYSCALL;
    } else {
        regs->entry_vector = 0;
        unsafe_get_u64(word, &frame->r11, fault);
        regs->r11 = word;
        unsafe_get_u64(word, &frame->rcx, fault);
        regs->rcx = word;
    }
    unsafe_get_u64(word, &frame->rip, fault);
    regs->rip = word;
    unsafe_get_u64(word, &frame->rsp, fault);
    regs->rsp = word;
    unsafe_get_u64(rflags, &frame->rflags, fault);
    clac();

    if ((cs & 3) == 3)
        enter_user_mode(v);

    if (likely(rflags & X86_EFLAGS_IF))
        WRITE_ONCE(v->vcpu_info->evtchn_upcall_mask, 0);
    else
        WRITE_ONCE(v->vcpu_info->evtchn_upcall_mask, 1);
    regs->cs = fixup_selector(cs);
    regs->ss = fixup_selector(ss);
    regs->rflags = (rflags & ~(X86_EFLAGS_IOPL | X86_EFLAGS_VM |
                               X86_EFLAGS_VIF | X86_EFLAGS_VIP)) |
                   X86_EFLAGS_IF | X86_EFLAGS_MBS;

    if (unlikely(v->arch.nmi_masked))
        return end_nmi(v, rax);
    return rax;

no_user_table:
    clac();
    return no_way_back(v, "user page table", sp);

fault:
    clac();
no_frame:
    return no_way_back(v, "memory", sp);
}
