/* SPDX-License-Identifier: MIT */
/*
 * This CPU: its stack, and what lies at the top of it.
 *
 *  8 pages, naturally aligned (top first):
 *   7     struct cpu_info at the very top, below it the primary stack
 *   5-7   primary stack: all work for guests
 *   4     guard page, not present
 *   3 #DF   2 NMI   1 #MC   0 #DB     (IST stacks, one page each)
 *
 * So the top is found by or-ing the stack pointer, on any of these stacks.
 */
#ifndef ASM_CURRENT_H
#define ASM_CURRENT_H

#include "asm/config.h"
#include "asm/regs.h"

struct cpu_info {
    struct cpu_regs guest_regs; /* of the vcpu that runs here */
    struct vcpu *curr;
    unsigned long per_cpu_offset;
    const unsigned long *softirq_pending; /* this CPU's, for entry.S */
    unsigned int processor_id;
    unsigned int in_multicall; /* entries are being executed */
    struct vcpu *loaded; /* whose registers this CPU holds; not the idle vcpu */
    u64 xpti_source; /* CR3 that the guest's root is made of; 0: make it anew */
    char *entry_data;  /* this CPU's, in its area */
    unsigned long pad; /* descriptors.c checks the size */
};

static __always_inline struct cpu_info *get_cpu_info(void)
{
    unsigned long sp;

    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct cpu_info *)((sp | (STACK_SIZE - 1)) + 1) - 1;
}

#define current            (get_cpu_info()->curr)
#define smp_processor_id() (get_cpu_info()->processor_id)

/** Registers of the guest that runs on this CPU. Inside a hypercall rbx, rbp
 * and r12 to r15 are not there (entry.S). */
static __always_inline struct cpu_regs *guest_regs(void)
{
    return &get_cpu_info()->guest_regs;
}

#endif
