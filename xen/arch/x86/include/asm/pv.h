/* SPDX-License-Identifier: MIT */
/*
 * Paravirtual guests: how they are entered, interrupted and helped. The guest's
 * kernel and its user programs both run in ring 3, told apart by
 * VCPU_KERNEL_MODE; each mode has its own top-level page table and GS base.
 *
 * All functions here work on the current vcpu unless they take another, and on
 * `regs`, its frame (guest_regs()).
 */
#ifndef ASM_PV_H
#define ASM_PV_H

#include "xen/vcpu.h"

/* What vm_assist may switch on. */
#define VM_ASSIST_VALID                                                        \
    ((1UL << VMASST_TYPE_4gb_segments) |                                       \
     (1UL << VMASST_TYPE_4gb_segments_notify) |                                \
     (1UL << VMASST_TYPE_writable_pagetables) |                                \
     (1UL << VMASST_TYPE_pae_extended_cr3) |                                   \
     (1UL << VMASST_TYPE_architectural_iopl) |                                 \
     (1UL << VMASST_TYPE_runstate_update_flag) |                               \
     (1UL << VMASST_TYPE_m2p_strict))

static inline bool guest_kernel_mode(const struct vcpu *v)
{
    return v->arch.flags & VCPU_KERNEL_MODE;
}

/** Fill a page with the stubs that make hypercalls. */
void pv_write_hypercall_page(u8 *page);

/** CR4 as v's guest reads it. */
u64 pv_guest_cr4(const struct vcpu *v);
/** What the guest wants in CR4, less what it may not have. Not loaded. */
void pv_set_guest_cr4(struct vcpu *v, u64 value);

/** Exchange kernel and user mode: page tables and GS base of the current
 * vcpu. The user table must exist if it is to be entered. */
void pv_toggle_mode(struct vcpu *v);

/*
 * Frames onto the guest kernel's stack. Each leaves `regs` at the guest's
 * handler, or crashes the domain if it has none or its stack is bad.
 */

/** Event upcall; events are masked in the handler. Called with interrupts off.
 * Returns true if the guest is to go on at once; else they are on, and there
 * may be deferred work. */
bool pv_bounce_event(struct vcpu *v, struct cpu_regs *regs);
/** NMI, if the guest can take one now. Returns whether it did. */
bool pv_bounce_nmi(struct vcpu *v, struct cpu_regs *regs);
/** SYSCALL, which comes here from user mode only; 32-bit SYSCALL and SYSENTER.
 */
void pv_bounce_syscall(struct vcpu *v, struct cpu_regs *regs);
void pv_bounce_syscall32(struct vcpu *v, struct cpu_regs *regs);
void pv_bounce_sysenter(struct vcpu *v, struct cpu_regs *regs);
/** A segment register could not be loaded: `sel` are its DS, ES, FS, GS. */
void pv_bounce_failsafe(struct vcpu *v, struct cpu_regs *regs,
                        const u16 sel[4]);

/** Exception `vector`; `error_code` counts where the vector has one. */
void pv_inject_trap(struct vcpu *v, struct cpu_regs *regs, unsigned int vector,
                    u32 error_code);
/** Page fault; the user bit of `error_code` is made to follow guest mode. */
void pv_inject_page_fault(struct vcpu *v, struct cpu_regs *regs, u64 cr2,
                          u32 error_code);

/** From entry.S with interrupts off, and without rbx, rbp, r12 to r15 in the
 * frame: an exception that is the guest's own affair; a page fault, if it is
 * one. Returns false if that was not done. */
void pv_bounce_trap(struct vcpu *v, struct cpu_regs *regs);
bool pv_bounce_page_fault(struct vcpu *v, struct cpu_regs *regs);

/** IRET to the guest faulted with the frame in `regs` (entry.S). */
void pv_iret_fault(struct vcpu *v, struct cpu_regs *regs);
/** The same after it faulted on the guest's root (xpti_entry.S), with the
 * vector in the frame and interrupts off: it may want a page of the LDT. */
void pv_iret_refused(struct vcpu *v, struct cpu_regs *regs);

/* Emulation: true if the instruction was done, and rip moved on. */

/** #GP(0): a privileged instruction? */
bool pv_emulate_privileged(struct cpu_regs *regs);
/** #UD: CPUID with the forced-emulation prefix? */
bool pv_emulate_forced_cpuid(struct cpu_regs *regs);
/** Write fault at cr2: a store to one of its own L1 tables? */
bool pv_emulate_pt_write(struct vcpu *v, struct cpu_regs *regs, u64 cr2);
/** Write fault at cr2: a store to device memory that only we may write? */
bool pv_emulate_mmio_write(struct vcpu *v, struct cpu_regs *regs, u64 cr2);

/** Page fault in the LDT window: map that page of the guest's LDT. */
bool pv_map_ldt_page(struct vcpu *v, unsigned long offset);

/* Guest descriptors: gdt_ldt.c. */

/** Install `nr_ents` entries in `nr` frames. Returns 0 or -EINVAL. */
int __must_check pv_set_gdt(struct vcpu *v, const u64 *frames,
                            unsigned int nr_ents);
void pv_destroy_gdt(struct vcpu *v);
/** Forget the mapped LDT pages. Returns true if there were any. */
bool pv_invalidate_ldt(struct vcpu *v);
/** Put the vcpu's GDT and LDT into this CPU's windows (context switch). */
void pv_load_descriptors(struct vcpu *v);
/** Take the loaded vcpu's pages out of this CPU's windows. */
void pv_unload_descriptors(struct vcpu *v);
/** Make a descriptor harmless, in place. Returns false if it can't be. */
bool pv_check_descriptor(u64 *desc);

/** Selector and rip a guest may return to; both are forced to ring 3. */
static inline u16 fixup_selector(u16 sel)
{
    return sel | 3;
}

#endif
