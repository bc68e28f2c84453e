/* SPDX-License-Identifier: MIT */
/* The iret hypercall: a guest kernel's way back from its handlers. */
#include "xen/hypercall.h"

#include "public/xen.h"
#include "xen/guest_access.h"
#include "xen/errno.h"
#include "asm/pv.h"
#include "asm/uaccess.h"

/* Read the frame at the guest's stack pointer. Returns false on a fault. */
static inline bool read_frame(u64 sp, struct iret_context *frame)
{
    const struct iret_context *guest = (const struct iret_context *)sp;

    if (!guest_range_ok(sp, sizeof(*frame)))
        return false;

    stac();
    unsafe_copy_u64(&frame->rax, &guest->rax, fault);
    unsafe_copy_u64(&frame->r11, &guest->r11, fault);
    unsafe_copy_u64(&frame->rcx, &guest->rcx, fault);
    unsafe_copy_u64(&frame->flags, &guest->flags, fault);
    unsafe_copy_u64(&frame->rip, &guest->rip, fault);
    unsafe_copy_u64(&frame->cs, &guest->cs, fault);
    unsafe_copy_u64(&frame->rflags, &guest->rflags, fault);
    unsafe_copy_u64(&frame->rsp, &guest->rsp, fault);
    unsafe_copy_u64(&frame->ss, &guest->ss, fault);
    clac();
    return true;

fault:
    clac();
    return false;
}

long do_iret(unsigned long a0, unsigned long a1, unsigned long a2,
             unsigned long a3, unsigned long a4)
{
    struct vcpu *v = current;
    struct cpu_regs *regs = guest_regs();
    struct iret_context frame;

    (void)a0, (void)a1, (void)a2, (void)a3, (void)a4;

    if (unlikely(!read_frame(regs->rsp, &frame))) {
        domain_crash(v->domain, "iret: no frame at %016lx", regs->rsp);
        return 0;
    }

    if ((frame.cs & 3) == 3) {
        if (unlikely(mfn_eq(v->arch.guest_table_user, INVALID_MFN))) {
            domain_crash(v->domain, "iret: no user page table");
            return 0;
        }
        pv_toggle_mode(v);
    }

    regs->entry_vector = 0;
    if (frame.flags & VGCF_in_syscall) {
        regs->entry_vector = FRAME_SYSCALL;
    } else {
        regs->r11 = frame.r11;
        regs->rcx = frame.rcx;
    }
    regs->rip = frame.rip;
    regs->cs = fixup_selector(frame.cs);
    regs->rflags = (frame.rflags & ~(X86_EFLAGS_IOPL | X86_EFLAGS_VM |
                                     X86_EFLAGS_VIF | X86_EFLAGS_VIP)) |
                   X86_EFLAGS_IF | X86_EFLAGS_MBS;
    regs->rsp = frame.rsp;
    regs->ss = fixup_selector(frame.ss);

    v->arch.nmi_masked = false;
    WRITE_ONCE(v->vcpu_info->evtchn_upcall_mask,
               !(frame.rflags & X86_EFLAGS_IF));

    /* The result of the call is the frame's rax, whatever number it is. */
    regs->rax = frame.rax;
    return frame.rax;
}
