/* SPDX-License-Identifier: MIT */
/* This CPU is the one that fake_set_cpu() chose; the rest is the machine's. */
#ifndef FAKE_ASM_CURRENT_H
#define FAKE_ASM_CURRENT_H

#include "xen/types.h"

struct cpu_info *fake_cpu_info(void);

/* Give the machine's functions, which look at the stack, other names. */
#define get_cpu_info(none) asm_get_cpu_info(none)
#define guest_regs(none)   asm_guest_regs(none)
#include_next "asm/current.h"
#undef get_cpu_info
#undef guest_regs

static inline struct cpu_info *get_cpu_info(void)
{
    return fake_cpu_info();
}

static inline struct cpu_regs *guest_regs(void)
{
    return &get_cpu_info()->guest_regs;
}

#endif
