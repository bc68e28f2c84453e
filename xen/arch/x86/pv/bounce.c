/* SPDX-License-Identifier: MIT */
/*
 * Entering a guest's kernel: events, system calls and exceptions become a frame
 * on its stack and a jump to the handler that it has registered.
 *
 *      SS  RSP  RFLAGS  CS|mask<<32  RIP  [error code]  R11  RCX   <- new RSP
 *
 * The handler pops RCX and R11 first, so they may be lost on the way there and
 * SYSRET can be used.
 */
#include "asm/pv_mode.h"

#include "public/xen.h"
#include "xen/printk.h"
#include "xen/sched.h"
#include "asm/uaccess.h"

/* Vectors whose frame has an error code. */
#define HAS_ERROR_CODE                                                         \
    ((1u << TRAP_DF) | (1u << TRAP_TS) | (1u << TRAP_NP) | (1u << TRAP_SS) |   \
     (1u << TRAP_GP) | (1u << TRAP_PF) | (1u << TRAP_AC) | (1u << TRAP_CP))

#define FLAGS_CLEARED_ON_ENTRY                                                 \
    (X86_EFLAGS_AC | X86_EFLAGS_VM | X86_EFLAGS_RF | X86_EFLAGS_NT |           \
     X86_EFLAGS_TF)

/* The largest frame: failsafe, 11 words. */
#define MAX_FRAME_BYTES 88

void pv_toggle_mode(struct vcpu *v)
{
    if (guest_kernel_mode(v))
        enter_user_mode(v);
    else
        enter_kernel_mode(v);
}

/* RFLAGS as the guest sees them: IF is its event mask. */
static u64 virtual_rflags(const struct vcpu *v, const struct cpu_regs *regs,
                          bool masked)
{
    u64 rflags = regs->rflags & ~(X86_EFLAGS_IF | X86_EFLAGS_IOPL);

    if (!masked)
        rflags |= X86_EFLAGS_IF;
    if (v->domain->vm_assist & (1UL << VMASST_TYPE_architectural_iopl))
        rflags |= (u64)v->arch.iopl << 12;
    return rflags;
}

/* Selectors, each with what pads it to a word: in one store. */
static inline void set_flat_selectors(struct cpu_regs *regs)
{
    *(u64 *)&regs->cs = FLAT_USER_CS64;
    *(u64 *)&regs->ss = FLAT_USER_SS;
}

/* What the caller knows of the mode that the guest is in. */
enum from { FROM_ANY, FROM_USER };

/* What seldom ends the way into a guest: false, with interrupts on. */
static __noinline bool no_way_in(struct vcpu *v, const char *why, u64 sp)
{
    local_irq_enable();
    domain_crash(v->domain, "has no %s to enter, sp %016lx", why, sp);
    return false;
}

static __noinline bool publish_runstate(struct vcpu *v)
{
    local_irq_enable();
    vcpu_runstate_publish(v);
    return false;
}

/**
 * Build a frame: SS..RIP, then `nr_extra` words (top first), then R11, RCX;
 * enter the guest's kernel at `handler`. Every caller has its own copy, which
 * knows how many words there are. Interrupts may be off.
 *
 * Returns true with interrupts as they were, and the frame one of SYSCALL; or
 * false with interrupts on, and deferred work may have come up.
 */
static __always_inline bool enter_guest_from(enum from from, struct vcpu *v,
                                             struct cpu_regs *regs, u64 handler,
                                             bool mask_events, const u64 *extra,
                                             unsigned int nr_extra)
{
    u64 masked = READ_ONCE(v->vcpu_info->evtchn_upcall_mask);
    u64 rflags = virtual_rflags(v, regs, masked);
    u64 cs, sp;

    if (unlikely(!handler))
        return no_way_in(v, "handler", regs->rsp);

    if (from != FROM_USER && guest_kernel_mode(v)) {
        cs = regs->cs & ~3UL;
        sp = regs->rsp;
    } else {
        cs = regs->cs | 3;
        sp = v->arch.kernel_sp;
        enter_kernel_mode(v);
    }

    sp &= ~15UL;
    if (unlikely(!guest_range_ok(sp - MAX_FRAME_BYTES, MAX_FRAME_BYTES)))
        goto fault;

    stac();
    unsafe_put_u64(sp - 8, regs->ss, fault);
    unsafe_put_u64(sp - 16, regs->rsp, fault);
    unsafe_put_u64(sp - 24, rflags, fault);
    unsafe_put_u64(sp - 32, cs | (masked << 32), fault);
    unsafe_put_u64(sp - 40, regs->rip, fault);
    for (unsigned int i = 0; i < nr_extra; i++)
        unsafe_put_u64(sp - 48 - 8 * i, extra[i], fault);
    unsafe_put_u64(sp - 48 - 8 * nr_extra, regs->r11, fault);
    sp -= 56 + 8 * nr_extra;
    unsafe_put_u64(sp, regs->rcx, fault);
    clac();

    if (mask_events)
        WRITE_ONCE(v->vcpu_info->evtchn_upcall_mask, 1);

    regs->rip = handler;
    regs->rflags &= ~FLAGS_CLEARED_ON_ENTRY;
    regs->rsp = sp;
    set_flat_selectors(regs);
    regs->entry_vector = FRAME_SYSCALL;
    return unlikely(v->runstate_stale) ? publish_runstate(v) : true;

fault:
    clac();
    return no_way_in(v, "good kernel stack", sp);
}

static __always_inline bool enter_guest(struct vcpu *v, struct cpu_regs *regs,
                                        u64 handler, bool mask_events,
                                        const u64 *extra, unsigned int nr_extra)
{
    return enter_guest_from(FROM_ANY, v, regs, handler, mask_events, extra,
                            nr_extra);
}

bool pv_bounce_event(struct vcpu *v, struct cpu_regs *regs)
{
    return enter_guest(v, regs, v->arch.event_callback, true, NULL, 0);
}

void pv_bounce_syscall(struct vcpu *v, struct cpu_regs *regs)
{
    enter_guest_from(FROM_USER, v, regs, v->arch.syscall_callback,
                     v->arch.flags & VCPU_SYSCALL_MASKS, NULL, 0);
}

void pv_bounce_syscall32(struct vcpu *v, struct cpu_regs *regs)
{
    /* A kernel has no use for it; a program may not be served. */
    if (guest_kernel_mode(v) || !v->arch.syscall32_callback) {
        regs->rip -= 2;
        pv_inject_trap(v, regs, TRAP_UD, 0);
        return;
    }
    enter_guest(v, regs, v->arch.syscall32_callback,
                v->arch.flags & VCPU_SYSCALL32_MASKS, NULL, 0);
}

void pv_bounce_sysenter(struct vcpu *v, struct cpu_regs *regs)
{
    if (guest_kernel_mode(v) || !v->arch.sysenter_callback) {
        pv_inject_trap(v, regs, TRAP_GP, 0);
        return;
    }
    enter_guest(v, regs, v->arch.sysenter_callback,
                v->arch.flags & VCPU_SYSENTER_MASKS, NULL, 0);
}

void pv_bounce_failsafe(struct vcpu *v, struct cpu_regs *regs, const u16 sel[4])
{
    const u64 words[4] = {sel[3], sel[2], sel[1], sel[0]};

    enter_guest(v, regs, v->arch.failsafe_callback,
                v->arch.flags & VCPU_FAILSAFE_MASKS, words, 4);
}

static __always_inline void inject(struct vcpu *v, struct cpu_regs *regs,
                                   unsigned int vector, u32 error_code)
{
    const struct trap_info *ti = &v->arch.trap_table[vector];
    const u64 error = error_code;

    if (unlikely(!ti->address)) {
        domain_crash(v->domain, "unhandled exception %u, error code %04x",
                     vector, error_code);
        return;
    }
    if (vector < 32 && ((HAS_ERROR_CODE >> vector) & 1))
        enter_guest(v, regs, ti->address, ti->flags & 4, &error, 1);
    else
        enter_guest(v, regs, ti->address, ti->flags & 4, NULL, 0);
}

void pv_inject_trap(struct vcpu *v, struct cpu_regs *regs, unsigned int vector,
                    u32 error_code)
{
    inject(v, regs, vector, error_code);
}

void pv_bounce_trap(struct vcpu *v, struct cpu_regs *regs)
{
    local_irq_enable();
    inject(v, regs, regs->entry_vector, regs->error_code);
}

static __always_inline void inject_page_fault(struct vcpu *v,
                                              struct cpu_regs *regs, u64 cr2,
                                              u32 error_code)
{
    error_code &= ~PFEC_USER;
    if (!guest_kernel_mode(v))
        error_code |= PFEC_USER;

    v->arch.cr2 = cr2;
    WRITE_ONCE(v->vcpu_info->arch.cr2, cr2);
    inject(v, regs, TRAP_PF, error_code);
}

void pv_inject_page_fault(struct vcpu *v, struct cpu_regs *regs, u64 cr2,
                          u32 error_code)
{
    inject_page_fault(v, regs, cr2, error_code);
}

bool pv_bounce_page_fault(struct vcpu *v, struct cpu_regs *regs)
{
    u64 cr2 = read_cr2();
    u32 error = regs->error_code;

    /* At an address of the hypervisor; or by a guest's kernel, to a page that
     * it may read. */
    if (unlikely(!guest_addr_ok(cr2)))
        return false;
    if ((error & (PFEC_PRESENT | PFEC_WRITE | PFEC_RESERVED)) ==
            (PFEC_PRESENT | PFEC_WRITE) &&
        guest_kernel_mode(v))
        return false;

    local_irq_enable();
    inject_page_fault(v, regs, cr2, error);
    return true;
}

bool pv_bounce_nmi(struct vcpu *v, struct cpu_regs *regs)
{
    u64 handler = v->arch.nmi_callback ? v->arch.nmi_callback
                                       : v->arch.trap_table[TRAP_NMI].address;

    if (v->arch.nmi_masked || !handler)
        return false;

    v->arch.nmi_pending = false;
    v->arch.nmi_masked = true;
    enter_guest(v, regs, handler, true, NULL, 0);
    return true;
}

void pv_iret_fault(struct vcpu *v, struct cpu_regs *regs)
{
    /* The frame that IRET refused is what the guest's kernel asked for. It
     * sees a #GP there: as itself if it was returning to itself. */
    regs->entry_vector = TRAP_GP;
    pv_inject_trap(v, regs, TRAP_GP, 0);
}
