/* SPDX-License-Identifier: MIT */
/* Exceptions: entries from entry.S, and faults the hypervisor expects. */
#ifndef ASM_TRAPS_H
#define ASM_TRAPS_H

#include "xen/types.h"
#include "asm/regs.h"

/** Entry code of each vector, for the IDT (entry.S). */
extern const unsigned long trap_entries[256];
/** The page with the SYSCALL stubs, and the two entries in it. */
extern const char stub_page[], stub_syscall[], stub_syscall32[];
extern const char sysenter_entry[];

/** An exception in a guest that may be more than its own affair; interrupts
 * are off. */
void handle_guest_trap(struct cpu_regs *regs);
/** An exception in the hypervisor: continue at its fixup or die. */
void handle_xen_trap(struct cpu_regs *regs);
void handle_xen_debug(struct cpu_regs *regs);
void handle_nmi(struct cpu_regs *regs);
void __noreturn handle_double_fault(struct cpu_regs *regs);

/** Set rip to the fixup of the faulting instruction, if it has one. */
bool fixup_exception(struct cpu_regs *regs);

/** Turn the SMAP sites into stac and clac. Call once, before they are used
 * with CR4.SMAP set. `text_alias` maps an address of the image to where it can
 * be written. */
void smap_patch(void *(*text_alias)(const void *));

/** Print general registers. */
void show_gprs(const struct cpu_regs *regs);
/** Print registers; stack and backtrace for the hypervisor's own. */
void show_registers(const struct cpu_regs *regs);
/** Print the walk of `va` through the tables at CR3. */
void show_page_walk(unsigned long va);

/** An NMI that says why, from the hardware (time.c, apic.c register). */
void nmi_report(u8 reason);

#endif
